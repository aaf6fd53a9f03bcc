"""The few header files that BCC wants to find, so that no kernel headers need be installed.

BCC includes kernel headers by itself. Those of the distribution describe another kernel than the running one and
would be believed silently; these say nothing about the kernel, and structures are read at BTF's offsets instead.
"""

import platform
import re
from pathlib import Path
from typing import Final

TYPES: Final = """\
#ifndef DEEDLOG_TYPES
#define DEEDLOG_TYPES
typedef unsigned char __u8; typedef signed char __s8; typedef unsigned short __u16; typedef short __s16;
typedef unsigned int __u32; typedef int __s32; typedef unsigned long long __u64; typedef long long __s64;
typedef __u8 u8; typedef __s8 s8; typedef __u16 u16; typedef __s16 s16;
typedef __u32 u32; typedef __s32 s32; typedef __u64 u64; typedef __s64 s64;
typedef __u16 __be16; typedef __u16 __le16; typedef __u32 __be32; typedef __u32 __le32;
typedef __u64 __be64; typedef __u64 __le64; typedef __u32 __wsum; typedef __u16 __sum16;
typedef unsigned long size_t; typedef long ssize_t; typedef unsigned long uintptr_t;
typedef int pid_t; typedef unsigned int uid_t; typedef unsigned int gid_t; typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __always_inline inline __attribute__((always_inline))
#endif
"""
# pt_regs and sock are declared because BCC's own helper header names them.
DECLARATIONS: Final = "#include <linux/types.h>\nstruct pt_regs; struct sock; struct task_struct;\n"
ONLY_TYPES: Final = (
    *("linux/log2.h", "linux/bpf_common.h", "uapi/linux/bpf.h", "uapi/linux/if_packet.h"),
    *("uapi/linux/if_ether.h", "linux/compiler.h", "linux/bpf.h"),
)
ONLY_DECLARATIONS: Final = (
    *("linux/sched.h", "linux/fs.h", "linux/ptrace.h", "uapi/linux/ptrace.h", "net/sock.h", "linux/socket.h"),
)


def version_code(release: str) -> int:
    """Return LINUX_VERSION_CODE for a kernel release such as `6.1.0-13-amd64`."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    major, minor, patch = (int(part or 0) for part in found.groups()) if found else (5, 8, 0)
    return (major << 16) + (minor << 8) + min(patch, 255)


def write_headers(folder: Path, release: str | None = None) -> None:
    """Write the header tree that `BCC_KERNEL_SOURCE` is to name."""
    include = folder / "include"
    code = version_code(release or platform.release())
    texts = {
        "linux/kconfig.h": "#define CONFIG_BPF_SYSCALL 1\n",
        "linux/types.h": TYPES,
        "linux/version.h": "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))\n"
        f"#define LINUX_VERSION_CODE {code}\n",
        "asm/page.h": "#include <linux/types.h>\n#define PAGE_SIZE 4096ul\n",
    }
    texts |= dict.fromkeys(ONLY_TYPES, "#include <linux/types.h>\n")
    texts |= dict.fromkeys(ONLY_DECLARATIONS, DECLARATIONS)
    (include / "generated").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = include / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
