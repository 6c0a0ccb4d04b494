#!/usr/bin/python3
"""Writes what an image holds as SPDX 2.3 JSON: each package of its dpkg database, with version, source, and the name
(purl) under which vulnerability databases know it.

  deploy/compose/sbom.py --name polybot --version local --os-release FILE --status FILE >polybot.spdx.json

Both files are those of the image: /etc/os-release and /var/lib/dpkg/status. The same image gives the same document, but
for its date (SOURCE_DATE_EPOCH, else now).
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import sys
import urllib.parse
import uuid


def paragraphs(text):
    """The fields of each paragraph of a dpkg database; a field's further lines are left out."""
    for block in re.split(r"\n\s*\n", text):
        lines = (line for line in block.splitlines() if line[:1] not in ("", " ", "\t") and ":" in line)
        fields = dict(line.split(":", 1) for line in lines)
        if fields:
            yield {name: value.strip() for name, value in fields.items()}


def installed(text):
    """{package:architecture: fields} of what is installed."""
    found = {}
    for fields in paragraphs(text):
        missing = {"Package", "Version", "Architecture", "Status"} - set(fields)
        if missing:
            sys.exit(f"sbom: the dpkg database has a paragraph without {', '.join(sorted(missing))}: {fields}")
        if fields["Status"].endswith(" installed"):
            found[f"{fields['Package']}:{fields['Architecture']}"] = fields
    return dict(sorted(found.items()))


def os_fields(text):
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip().strip("\"'") for name, value in pairs}


def purl(fields, system):
    """pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=bookworm (github.com/package-url/purl-spec)."""
    quoted = urllib.parse.quote(fields["Version"], safe="")
    return (f"pkg:deb/{system['ID']}/{fields['Package']}@{quoted}?arch={fields['Architecture']}"
            f"&distro={system.get('VERSION_CODENAME', system.get('VERSION_ID', ''))}")


def package(fields, system):
    source = fields.get("Source", fields["Package"])
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{fields['Package']}-{fields['Architecture']}"),
        "name": fields["Package"],
        "versionInfo": fields["Version"],
        "supplier": "Organization: " + system.get("NAME", system["ID"]),
        "sourceInfo": "built from the source package " + source,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": purl(fields, system)}],
    }


def document(name, version, system, database):
    packages = [package(fields, system) for fields in installed(database).values()]
    image = {"SPDXID": "SPDXRef-image", "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "primaryPackagePurpose": "CONTAINER", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "MIT", "copyrightText": "NOASSERTION"}
    content = hashlib.sha256(json.dumps([name, version, packages]).encode()).hexdigest()
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.now(datetime.timezone.utc)
    created = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else now
    contains = [{"spdxElementId": "SPDXRef-image", "relationshipType": "CONTAINS",
                 "relatedSpdxElement": entry["SPDXID"]} for entry in packages]
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}", "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: polybot-sbom"]},
        "packages": [image, *packages],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": "SPDXRef-image"}, *contains],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--os-release", required=True, type=argparse.FileType())
    parser.add_argument("--status", required=True, type=argparse.FileType())
    arguments = parser.parse_args()
    system = os_fields(arguments.os_release.read())
    if "ID" not in system:
        sys.exit(f"sbom: {arguments.os_release.name} does not name its system (ID=)")
    made = document(arguments.name, arguments.version, system, arguments.status.read())
    if len(made["packages"]) == 1:
        sys.exit(f"sbom: {arguments.status.name} names no installed package")
    json.dump(made, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
