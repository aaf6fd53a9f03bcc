"""Which recorded events are decoded, what their parameters mean, and what they change.

Names of parameters are those of a batch's columns; `_` is one that is passed over. `flags:open` names an encoding of
`flags`. Where the end of a call tells less than its beginning did (older captures), the beginning is joined to it.
"""

import enum
from typing import Final, NamedTuple


class Step(enum.IntEnum):
    """What an event changes or needs to know of descriptors and processes."""

    PLAIN = 0
    OPENS = enum.auto()
    CLOSES = enum.auto()
    CLOSES_RANGE = enum.auto()
    LOOKS = enum.auto()
    RELATIVE = enum.auto()
    DUPLICATES = enum.auto()
    FCNTL = enum.auto()
    MAKES = enum.auto()
    MAKES_PIPE = enum.auto()
    MAKES_PAIR = enum.auto()
    MAKES_SOCKET = enum.auto()
    CONNECTS = enum.auto()
    BINDS = enum.auto()
    ACCEPTS = enum.auto()
    SENDS = enum.auto()
    CHANGES_DIRECTORY = enum.auto()
    SETS_USER = enum.auto()
    SETS_GROUP = enum.auto()
    SETS_SESSION = enum.auto()
    FORKS = enum.auto()
    EXECS = enum.auto()
    EXITS = enum.auto()
    ADDS_USER = enum.auto()
    BEGINS = enum.auto()


class Call(NamedTuple):
    """An event at the end of a call: its code, the name of its type in batches (empty: none), its parameters."""

    code: int
    name: str
    ends: str
    step: Step
    begins: str = ""
    """Parameters of the event at the call's beginning, whose code is one less."""


CALLS: Final = (
    Call(3, "open", "result path flags:open mode", Step.OPENS, begins="path flags:open mode"),
    Call(5, "", "result fd", Step.CLOSES, begins="fd"),
    Call(19, "socket", "result argument flags protocol", Step.MAKES_SOCKET, begins="argument flags protocol"),
    Call(21, "bind", "result address fd", Step.BINDS, begins="fd"),
    Call(23, "connect", "result tuple fd address", Step.CONNECTS, begins="fd address"),
    Call(25, "listen", "result fd argument", Step.LOOKS, begins="fd argument"),
    Call(27, "accept", "result tuple", Step.ACCEPTS),
    Call(31, "sendto", "result _ fd _ tuple", Step.SENDS, begins="fd _ tuple"),
    Call(43, "", "result fd argument _ _ _ flags", Step.MAKES_PAIR),
    Call(49, "sendmsg", "result _ fd _ tuple", Step.SENDS, begins="fd _ tuple"),
    Call(57, "accept4", "result tuple", Step.ACCEPTS),
    Call(59, "creat", "result path mode", Step.OPENS, begins="path mode"),
    Call(61, "", "result fd argument", Step.MAKES_PIPE),
    Call(95, "chdir", "result path", Step.CHANGES_DIRECTORY),
    Call(97, "fchdir", "result fd", Step.CHANGES_DIRECTORY, begins="fd"),
    Call(99, "mkdir", "result", Step.PLAIN, begins="path mode"),
    Call(101, "rmdir", "result", Step.PLAIN, begins="path"),
    Call(103, "openat", "result", Step.OPENS, begins="dirfd path flags:open mode"),
    Call(105, "link", "result", Step.PLAIN, begins="path path2"),
    Call(107, "linkat", "result", Step.RELATIVE, begins="dirfd path dirfd2 path2"),
    Call(109, "unlink", "result", Step.PLAIN, begins="path"),
    Call(111, "unlinkat", "result", Step.RELATIVE, begins="dirfd path"),
    Call(125, "dup", "result", Step.DUPLICATES, begins="fd"),
    Call(129, "kill", "result target argument", Step.PLAIN, begins="target argument"),
    Call(151, "", "result fd argument flags", Step.FCNTL, begins="fd argument"),
    Call(169, "ptrace", "result _ _ argument:ptrace target", Step.PLAIN, begins="argument:ptrace target"),
    Call(175, "rename", "result path path2", Step.PLAIN),
    Call(177, "renameat", "result dirfd path dirfd2 path2", Step.RELATIVE),
    Call(179, "symlink", "result path path2", Step.PLAIN),
    Call(181, "symlinkat", "result path dirfd2 path2", Step.RELATIVE),
    Call(193, "", "result _ argument", Step.SETS_USER, begins="_ argument"),
    Call(195, "", "result _ argument", Step.SETS_GROUP, begins="_ argument"),
    Call(199, "setuid", "result argument", Step.SETS_USER, begins="argument"),
    Call(201, "setgid", "result argument", Step.SETS_GROUP, begins="argument"),
    Call(241, "setns", "result fd flags:clone", Step.PLAIN, begins="fd flags:clone"),
    Call(247, "accept", "result tuple", Step.ACCEPTS),
    Call(249, "accept4", "result tuple", Step.ACCEPTS),
    Call(257, "mount", "result path path2 _ flags", Step.PLAIN, begins="flags"),
    Call(259, "umount2", "result path", Step.PLAIN, begins="flags"),
    Call(275, "", "result", Step.SETS_SESSION),
    Call(277, "mkdir", "result path mode", Step.PLAIN, begins="mode"),
    Call(279, "rmdir", "result path", Step.PLAIN),
    Call(285, "unshare", "result flags:clone", Step.PLAIN, begins="flags:clone"),
    Call(297, "bpf", "variant", Step.PLAIN, begins="argument"),
    Call(301, "unlink", "result path", Step.PLAIN),
    Call(303, "unlinkat", "result dirfd path flags", Step.RELATIVE),
    Call(305, "mkdirat", "result dirfd path mode", Step.RELATIVE),
    Call(307, "openat", "result dirfd path flags:open mode", Step.OPENS, begins="dirfd path flags:open mode"),
    Call(309, "link", "result path path2", Step.PLAIN),
    Call(311, "linkat", "result dirfd path dirfd2 path2 flags", Step.RELATIVE),
    Call(313, "fchmodat", "result dirfd path mode", Step.RELATIVE),
    Call(315, "chmod", "result path mode", Step.PLAIN),
    Call(317, "fchmod", "result fd mode", Step.LOOKS),
    Call(319, "renameat2", "result dirfd path dirfd2 path2 flags", Step.RELATIVE),
    Call(321, "userfaultfd", "result flags:open", Step.PLAIN),
    Call(327, "openat2", "result dirfd path flags:open mode", Step.OPENS, begins="dirfd path flags:open mode"),
    Call(363, "dup2", "result fd argument", Step.DUPLICATES, begins="fd"),
    Call(365, "dup3", "result fd argument flags:open", Step.DUPLICATES, begins="fd"),
    Call(367, "dup", "result fd", Step.DUPLICATES, begins="fd"),
    Call(369, "bpf", "result argument", Step.PLAIN, begins="argument"),
    Call(387, "umount", "result path", Step.PLAIN),
    Call(389, "accept4", "result tuple _ _ _ flags:open", Step.ACCEPTS),
    Call(391, "umount2", "result path flags", Step.PLAIN, begins="flags"),
    Call(393, "", "result fd argument _ flags:open", Step.MAKES_PIPE),
    Call(405, "memfd_create", "result path flags", Step.MAKES),
    Call(411, "init_module", "result", Step.PLAIN),
    Call(413, "finit_module", "result fd _ flags", Step.LOOKS),
    Call(427, "", "result _ argument", Step.SETS_USER),
    Call(429, "", "result _ argument", Step.SETS_GROUP),
    Call(451, "", "result fd argument flags", Step.CLOSES_RANGE),
)

_EXEC: Final = "result exe args _ pid ptid cwd _ _ _ _ _ _ comm"
_EXEC_19: Final = (
    f"{_EXEC} cgroups env tty vpgid loginuid exe_flags cap_inheritable cap_permitted cap_effective "
    "exe_ino exe_ctime exe_mtime uid exepath pgid gid"
)
_FORK: Final = "result exe args _ pid ptid cwd _"
_FORK_16: Final = f"{_FORK} _ _ _ _ _"

LIFECYCLE: Final = (
    Call(13, "execve", _EXEC.rsplit(" ", 6)[0], Step.EXECS),
    *(Call(code, "execve", _EXEC.removesuffix(" comm"), Step.EXECS) for code in (155, 173)),
    Call(215, "execve", _EXEC, Step.EXECS),
    Call(231, "execve", f"{_EXEC} cgroups", Step.EXECS),
    *(Call(code, "execve", f"{_EXEC} cgroups env tty", Step.EXECS) for code in (283, 289)),
    *(Call(code, "execve", _EXEC_19, Step.EXECS) for code in (293, 331)),
    Call(15, "clone", f"{_FORK} flags:clone uid gid", Step.FORKS),
    *(Call(code, "clone", f"{_FORK_16} flags:clone uid gid", Step.FORKS) for code in (157, 183, 185)),
    *(Call(code, "clone", f"{_FORK_16} comm flags:clone uid gid", Step.FORKS) for code in (217, 219, 221)),
    *(
        Call(code, "clone", f"{_FORK_16} comm cgroups flags:clone uid gid _ vpid", Step.FORKS)
        for code in (223, 225, 227, 335)
    ),
    Call(16, "procexit", "", Step.EXITS),
    Call(186, "procexit", "result", Step.EXITS),
    Call(354, "", "uid _ name _ _ container", Step.ADDS_USER),
)
"""Events of the life of processes (and one of users), which are decoded one by one."""

COLUMN_CALLS: Final = {call.code: call for call in CALLS}
ROW_CALLS: Final = {call.code: call for call in LIFECYCLE}
TYPE_NAMES: Final = tuple(dict.fromkeys(call.name for call in (*CALLS, *LIFECYCLE) if call.name))
