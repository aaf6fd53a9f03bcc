"""What events a capture can hold: names and counts of parameters by code.

Each kind of event has two codes: an even one where the call begins, the odd one after it where it ends. Codes are
never given anew, so the table serves captures of all ages (falcosecurity/libs 0.25, driver/ppm_events_public.h).
"""

from typing import Final

_TABLE: Final = """
generic 2 2, open 3 6, close 1 2, read 2 4, write 2 4, brk 1 1, execve 0 8, clone 0 11, procexit 0 0,
socket 3 5, bind 1 3, connect 2 4, listen 2 3, accept 0 3, send 2 5, sendto 3 5, recv 2 5, recvfrom 2 5,
shutdown 2 3, getsockname 0 0, getpeername 0 0, socketpair 3 8, setsockopt 0 6, getsockopt 0 6,
sendmsg 3 5, sendmmsg 0 5, recvmsg 1 6, recvmmsg 0 6, accept 1 3, creat 2 6, pipe 0 4, eventfd 2 3,
futex 3 4, stat 0 2, lstat 0 2, fstat 1 2, stat64 0 2, lstat64 0 2, fstat64 1 1, epoll_wait 1 2, poll 2 3,
select 0 1, select 0 1, lseek 3 4, llseek 3 4, ioctl 2 1, getcwd 0 2, chdir 0 2, fchdir 1 2, mkdir 2 1,
rmdir 1 1, openat 4 1, link 2 1, linkat 4 1, unlink 1 1, unlinkat 2 1, pread 3 5, pwrite 3 5, readv 1 4,
writev 2 4, preadv 2 5, pwritev 3 5, dup 1 1, signalfd 3 4, kill 2 3, tkill 2 3, tgkill 3 4, nanosleep 1 2,
timerfd_create 2 3, inotify_init 1 2, getrlimit 1 4, setrlimit 1 4, prlimit 2 7, switch 1 0, drop 1 1,
fcntl 2 4, switch 6 0, execve 0 13, clone 0 16, brk 1 5, mmap 6 10, mmap2 6 10, munmap 2 6, splice 4 5,
ptrace 2 5, ioctl 3 4, execve 0 14, rename 0 3, renameat 0 5, symlink 0 3, symlinkat 0 4, fork 0 16,
vfork 0 16, procexit 5 0, sendfile 4 5, quotactl 4 18, setresuid 3 4, setresgid 3 4, scapevent 2 0,
setuid 1 2, setgid 1 2, getuid 0 1, geteuid 0 1, getgid 0 1, getegid 0 1, getresuid 0 4, getresgid 0 4,
execve 0 15, clone 0 17, fork 0 17, vfork 0 17, clone 0 21, fork 0 21, vfork 0 21, container 4 0,
execve 0 16, signaldeliver 3 0, procinfo 2 0, getdents 1 2, getdents64 1 2, setns 2 3, flock 2 3,
cpu_hotplug 2 0, accept 0 5, accept 1 5, semop 1 9, semctl 4 5, ppoll 3 4, mount 1 5, umount 1 2, k8s 1 0,
semget 3 4, access 1 3, chroot 0 2, tracer 3 3, mesos 1 0, container 1 0, setsid 0 1, mkdir 1 3, rmdir 0 2,
notification 2 0, execve 0 17, unshare 1 2, infra 4 0, execve 1 17, page_fault 3 0, execve 1 31,
setpgid 2 3, bpf 1 1, seccomp 2 3, unlink 0 2, unlinkat 0 4, mkdirat 0 4, openat 4 7, link 0 3, linkat 0 6,
fchmodat 0 4, chmod 0 3, fchmod 0 3, renameat2 0 6, userfaultfd 0 2, pluginevent 2 0, container 1 0,
openat2 5 8, mprotect 3 4, execveat 3 30, copy_file_range 3 6, clone3 0 21, open_by_handle_at 0 6,
io_uring_setup 0 8, io_uring_enter 0 6, io_uring_register 0 5, mlock 0 3, munlock 0 3, mlockall 0 2,
munlockall 0 1, capset 0 4, useradded 6 0, userdeleted 6 0, groupadded 3 0, groupdeleted 3 0, dup2 1 3,
dup3 1 4, dup 1 2, bpf 1 2, mlock2 0 4, fsconfig 0 7, epoll_create 1 2, epoll_create1 1 2, chown 0 4,
lchown 0 4, fchown 0 4, fchownat 0 6, umount 0 2, accept4 1 6, umount2 1 3, pipe2 0 5, inotify_init1 0 2,
eventfd2 1 3, signalfd4 2 4, prctl 0 4, asyncevent 3 0, memfd_create 0 3, pidfd_getfd 0 4, pidfd_open 0 3,
init_module 0 4, finit_module 0 4, mknod 0 4, mknodat 0 5, newfstatat 0 4, process_vm_readv 0 3,
process_vm_writev 0 3, delete_module 0 3, setreuid 0 3, setregid 0 3, task 32 0, task_file_pipe 3 0,
task_file_memfd 3 0, task_file_regular 5 0, task_file_directory 3 0, task_file_socket_inet 8 0,
task_file_socket_inet6 8 0, task_file_socket_unix 6 0, task_file_socket_netlink 4 0,
task_file_anon_inode 4 0, close_range 0 4, keyctl 0 6
"""
"""Name, parameters at the beginning, parameters at the end; in the order of codes."""

_ENTRIES: Final = [
    (name, int(begins), int(ends)) for name, begins, ends in (entry.split() for entry in _TABLE.split(","))
]
NAMES: Final = tuple(
    text
    for name, begins, ends in _ENTRIES
    # what has nothing at its end is not a call, but something that happens
    for text in (f"{name} begins" if ends or not begins else name, name)
)
PARAMETERS: Final = tuple(count for _, begins, ends in _ENTRIES for count in (begins, ends))
"""The most parameters that an event of this code has; older captures may have fewer."""


def name_of(code: int) -> str:
    """Return the name of an event code, also of one that is newer than the table."""
    return NAMES[code] if code < len(NAMES) else f"event {code}"
