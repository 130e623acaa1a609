"""The command lines of other tools on an SBOM, with the advisories of PyPI loaded into them."""

import shlex
import subprocess
import sys
from pathlib import Path


def peer_command(peer: str, sbom: Path, scratch: Path, data: Path, peers: Path) -> list[str] | None:
    """`env NAME=VALUE … TOOL … SBOM`; None, which is said, where the tool or the script that loads advisories into it is absent."""
    loader = data.parent / "peers" / "load_peer.py"
    if not (peers / "bin" / peer).exists() or not loader.exists():
        print(f"  left out: {peer.capitalize()} is absent (SBOMPAIR_PEERS)")
        return None
    asked = [peer, "--osv", str(data / "feeds" / "osv"), "--ecosystem", "PyPI", "--out", str(scratch / peer), "--peers", str(peers)]
    ran = subprocess.run([sys.executable, str(loader), *asked], check=True, capture_output=True, text=True)
    words = shlex.split(ran.stdout.splitlines()[-1])
    return ["env", *(word.replace("SBOM.cdx.json", str(sbom)) for word in words)]
