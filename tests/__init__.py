"""The tests that drive real processes, and the house rules: one package, started from the project's folder with
`python3 -m tests.FOLDER.NAME`."""
