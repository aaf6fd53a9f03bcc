"""What the C programs need to know of the running kernel's structures, as macros."""

from typing import Final

from probes.btf import Btf, BtfError

MEMBERS: Final = {
    "task_struct": (
        *("group_leader", "start_boottime", "thread_pid", "tgid", "pid", "self_exec_id", "cred", "fs", "mm"),
        *("real_parent", "signal", "cgroups", "exit_code", "files", "thread_info.status"),
    ),
    "pid": ("level", "numbers"),
    "upid": ("nr", "ns"),
    "pid_namespace": ("child_reaper",),
    "cred": ("euid", "egid", "cap_permitted", "cap_effective", "cap_inheritable"),
    "fs_struct": ("root.dentry", "root.mnt", "pwd.dentry", "pwd.mnt"),
    "dentry": ("d_parent", "d_name.name"),
    "vfsmount": ("mnt_root",),
    "mount": ("mnt", "mnt_parent", "mnt_mountpoint"),
    "file": ("f_path.mnt", "f_path.dentry", "f_inode", "private_data"),
    "inode": ("i_mode", "i_uid", "i_gid", "i_ino", "i_sb", "i_flags"),
    "super_block": ("s_magic", "s_flags"),
    "socket": ("sk",),
    "sock": ("sk_protocol",),
    "sock_common": (
        *("skc_family", "skc_num", "skc_dport", "skc_rcv_saddr", "skc_daddr", "skc_v6_rcv_saddr", "skc_v6_daddr"),
    ),
    "signal_struct": ("tty", "pids", "live"),
    "mm_struct": ("exe_file", "arg_start", "arg_end", "env_start", "env_end"),
    "tty_struct": ("driver", "index"),
    "tty_driver": ("major", "minor_start"),
    "css_set": ("dfl_cgrp", "subsys"),
    "cgroup_subsys_state": ("cgroup",),
    "cgroup": ("kn",),
    "kernfs_node": ("name",),
    "files_struct": ("fdt",),
    "fdtable": ("max_fds", "fd"),
    "pt_regs": ("orig_ax", "di", "si", "dx", "r10", "r8", "r9", "bx", "cx", "bp"),
}

TIMESPEC_NSEC: Final = 8
"""Where the nanoseconds are in a struct timespec64."""


def definitions(btf: Btf, *, unified_cgroups: bool) -> dict[str, int]:
    """Return the macros by name; raises BtfError if the kernel lacks a member that is needed.

    `unified_cgroups`: the system has cgroup v2 alone, so that a process's cgroup is that of the default hierarchy.
    """
    found = {
        f"OFFSET_{structure}__{member.replace('.', '_')}": btf.offset(structure, member)
        for structure, members in MEMBERS.items()
        for member in members
    }
    found["OFFSET_kernfs_node__parent"] = _first(btf, "kernfs_node", "__parent", "parent")  # renamed in 6.15
    if btf.has("task_struct", "loginuid"):
        found["OFFSET_task_struct__loginuid"] = btf.offset("task_struct", "loginuid")
    for time in ("ctime", "mtime"):
        found |= _inode_time(btf, time)
    if btf.has("ovl_inode", "__upperdentry"):  # overlayfs as a module has its types elsewhere
        inode = btf.offset("ovl_inode", "vfs_inode")
        found["OFFSET_overlay_upper"] = btf.offset("ovl_inode", "__upperdentry") - inode
    found["SIZE_upid"] = btf.size("upid")
    found["PIDTYPE_PGID"] = btf.enumerator("pid_type", "PIDTYPE_PGID")
    found["PIDTYPE_SID"] = btf.enumerator("pid_type", "PIDTYPE_SID")
    if not unified_cgroups:
        found["CGROUP_SUBSYSTEM"] = btf.enumerator("cgroup_subsys_id", "memory_cgrp_id")
    return found


def _inode_time(btf: Btf, name: str) -> dict[str, int]:
    """Return where an inode keeps a time: apart since Linux 6.11, in a struct timespec64 before."""
    seconds = _first(btf, "inode", f"i_{name}_sec", f"__i_{name}", f"i_{name}")
    apart = btf.has("inode", f"i_{name}_nsec")
    nanoseconds = btf.offset("inode", f"i_{name}_nsec") if apart else seconds + TIMESPEC_NSEC
    return {f"OFFSET_inode__{name}_sec": seconds, f"OFFSET_inode__{name}_nsec": nanoseconds}


def _first(btf: Btf, structure: str, *names: str) -> int:
    for name in names:
        if btf.has(structure, name):
            return btf.offset(structure, name)
    raise BtfError(f"struct {structure} of this kernel has none of: {', '.join(names)}")
