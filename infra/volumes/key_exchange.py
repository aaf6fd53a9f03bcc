"""Spares storage daemons the search for Diffie-Hellman parameters, which takes up to seconds at each start.

QEMU looks for them even though no client of ours uses them. Source: RFC 7919, appendix A.1 (ffdhe2048), and
QEMU's crypto/tlscreds.c.
"""

from pathlib import Path
from typing import Final

from infra.volumes.durable import write_file

FILE: Final = "dh-params.pem"
PARAMETERS: Final = b"""\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


def ensure_parameters(folder: Path) -> None:
    """Put the parameters beside the certificates, unless there are some."""
    if not (folder / FILE).exists():
        write_file(folder / FILE, PARAMETERS)
