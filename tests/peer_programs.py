"""Programs for tests that kill them: one serves layers that are plain files, one copies a layer.

python -m tests.peer_programs serve HOST PORT CERTIFICATES FOLDER
python -m tests.peer_programs copy HOST PORT CERTIFICATES TARGET
"""

import sys
import threading
from pathlib import Path

from infra.volumes.copying import copy_layer
from infra.volumes.peers import RemotePeer
from infra.volumes.serving import PeerServer
from tests.layers import FolderPeer

LAYER = ("v1", "r1", "base")


def main(what: str, host: str, port: str, certificates: str, path: str) -> None:
    """Run one of them; each step is a line on stdout."""
    if what == "serve":
        PeerServer(FolderPeer(Path(path)), host, int(port), Path(certificates))
        print("serving", flush=True)
        threading.Event().wait()
    remote = RemotePeer(host, int(port), Path(certificates))
    copy_layer(remote, *LAYER, Path(path), lambda done, size: print(done, size, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
