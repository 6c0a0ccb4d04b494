"""The house rules that a machine can hold, over the sources as text: `python3 -m tests.tidy`. docs/STYLE.md says why
each of them is there."""
