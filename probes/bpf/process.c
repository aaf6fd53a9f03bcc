// The life of processes: fork, exec, exit.

static __always_inline u32 tty_of(void *task) {
  void *tty = READ_POINTER(READ_POINTER(task, task_struct__signal), signal_struct__tty);
  if (!tty) return 0;
  void *driver = READ_POINTER(tty, tty_struct__driver);
  u32 minor = READ(u32, driver, tty_driver__minor_start) + READ(u32, tty, tty_struct__index);
  // encoded as in /proc/PID/stat
  return (minor & 0xff) | READ(u32, driver, tty_driver__major) << 8 | (minor & ~0xffu) << 12;
}

static __always_inline void *pid_of(void *task, int type) {
  void *signal = READ_POINTER(task, task_struct__signal);
  void *pid = 0;
  bpf_probe_read_kernel(&pid, sizeof(pid), signal + OFFSET_signal_struct__pids + type * sizeof(void *));
  return pid;
}

// The number of a pid in the namespace of so many levels below the first; 0 if it has none there.
static __always_inline u32 number_at(void *pid, u32 level) {
  u32 number = 0;
  if (level > 32 || level > READ(u32, pid, pid__level)) return 0;
  bpf_probe_read_kernel(&number, 4, pid + OFFSET_pid__numbers + level * SIZE_upid + OFFSET_upid__nr);
  return number;
}

// The start of the first process of a process's own pid namespace.
static __always_inline u64 namespace_start(void *task) {
  void *pid = READ_POINTER(leader_of(task), task_struct__thread_pid);
  u32 level = READ(u32, pid, pid__level);
  void *space = 0;
  if (level > 32) return 0;
  bpf_probe_read_kernel(&space, sizeof(space), pid + OFFSET_pid__numbers + level * SIZE_upid + OFFSET_upid__ns);
  return READ(u64, READ_POINTER(space, pid_namespace__child_reaper), task_struct__start_boottime);
}

static __always_inline u32 walk_cgroup(char *out, void *task) {
  void *set = READ_POINTER(task, task_struct__cgroups);
#ifdef CGROUP_SUBSYSTEM
  // cgroup v1 and hybrid systems keep containers in the hierarchies of the controllers
  void *css = 0;
  bpf_probe_read_kernel(&css, sizeof(css), set + OFFSET_css_set__subsys + CGROUP_SUBSYSTEM * sizeof(void *));
  void *cgroup = READ_POINTER(css, cgroup_subsys_state__cgroup);
#else
  void *cgroup = READ_POINTER(set, css_set__dfl_cgrp);
#endif
  void *node = READ_POINTER(cgroup, cgroup__kn);
  u32 length = 0;
  int step;
  for (step = 0; step < 24; step++) {
    void *parent = READ_POINTER(node, kernfs_node__parent);
    if (!parent || length > PATH_BYTES - 1) break;
    int written = bpf_probe_read_kernel_str(out + length, NAME_BYTES, READ_POINTER(node, kernfs_node__name));
    if (written <= 1) break;
    length += written;
    node = parent;
    FORGET(length);
  }
  return length;
}

static __always_inline void fill_identity(struct identity *i, void *task) {
  void *credentials = READ_POINTER(task, task_struct__cred);
  i->ppid = READ(u32, READ_POINTER(task, task_struct__real_parent), task_struct__tgid);
  i->vpid = vpid_of(task);
  i->sid = number_at(pid_of(task, PIDTYPE_SID), 0);
  void *group = pid_of(task, PIDTYPE_PGID);
  i->pgid = number_at(group, 0);
  i->vpgid = number_at(group, READ(u32, READ_POINTER(leader_of(task), task_struct__thread_pid), pid__level));
  i->tty = tty_of(task);
  i->pidns_start = namespace_start(task);
  i->gid = READ(u32, credentials, cred__egid);
#ifdef OFFSET_task_struct__loginuid
  i->loginuid = READ(u32, task, task_struct__loginuid);
#else
  i->loginuid = -1;  // a kernel without audit
#endif
  i->cap_permitted = READ(u64, credentials, cred__cap_permitted);
  i->cap_effective = READ(u64, credentials, cred__cap_effective);
  i->cap_inheritable = READ(u64, credentials, cred__cap_inheritable);
}

#define SECOND 1000000000ull
#define NANOSECONDS 0x3fffffff  // above them Linux 6.13 keeps a flag
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define SB_RDONLY 1
#define S_IMMUTABLE 8

static __always_inline u32 layer_of(void *inode) {
  if (READ(u64, READ_POINTER(inode, inode__i_sb), super_block__s_magic) != OVERLAYFS_SUPER_MAGIC) return LAYER_NONE;
#ifdef OFFSET_overlay_upper
  return READ_POINTER(inode, overlay_upper) ? LAYER_UPPER : LAYER_LOWER;
#else
  return LAYER_UNKNOWN;
#endif
}

static __always_inline void fill_executable(struct identity *i, void *inode) {
  i->exe_mode = READ(u16, inode, inode__i_mode);
  i->exe_uid = READ(u32, inode, inode__i_uid);
  i->exe_gid = READ(u32, inode, inode__i_gid);
  i->exe_layer = layer_of(inode);
  i->exe_read_only = READ(u64, READ_POINTER(inode, inode__i_sb), super_block__s_flags) & SB_RDONLY ||
      READ(u32, inode, inode__i_flags) & S_IMMUTABLE;
  i->exe_ino = READ(u64, inode, inode__i_ino);
  i->exe_ctime = READ(u64, inode, inode__ctime_sec) * SECOND + (READ(u32, inode, inode__ctime_nsec) & NANOSECONDS);
  i->exe_mtime = READ(u64, inode, inode__mtime_sec) * SECOND + (READ(u32, inode, inode__mtime_nsec) & NANOSECONDS);
}

// Arguments or environment, cut at the size of their place.
static __always_inline u32 read_strings(char *out, u64 from, u64 to) {
  u64 bytes = to - from;
  if (bytes > ARGS_BYTES - 1) bytes = ARGS_BYTES - 1;
  u32 size = bytes;
  asm volatile("" : "+r"(size));  // keep the compiler from dropping the mask that the verifier needs
  size &= ARGS_BYTES - 1;
  return bpf_probe_read_user(out, size, (void *)from) ? 0 : size;
}

// Copy what of a field is used; a mask of its size keeps the verifier sure of the bound.
#define COPY(to, from, field, size) ({ u32 _length = (from)->i.field##_len; \
  asm volatile("" : "+r"(_length)); \
  bpf_probe_read_kernel((to)->field, _length & ((size) - 1), (from)->field); })

// Most programs are started with little: the ring then holds ten times as many.
static __always_inline void send_exec(struct long_exec *e) {
  struct identity *i = &e->i;
  if (i->args_len < SHORT_ARGS && i->env_len < SHORT_ENV && i->exe_len < SHORT_WALK && i->cwd_len < SHORT_WALK && i->cgroup_len < SHORT_WALK) {
    struct exec *s = exec_ring.ringbuf_reserve(sizeof(struct exec));
    if (!s) { count(COUNT_DROPPED); return; }
    __builtin_memcpy(&s->h, &e->h, sizeof(struct header));
    __builtin_memcpy(&s->i, &e->i, sizeof(struct identity));
    COPY(s, e, args, SHORT_ARGS);
    COPY(s, e, env, SHORT_ENV);
    COPY(s, e, exe, SHORT_WALK);
    COPY(s, e, cwd, SHORT_WALK);
    COPY(s, e, cgroup, SHORT_WALK);
    exec_ring.ringbuf_submit(s, BPF_RB_NO_WAKEUP);
    return;
  }
  if (long_exec_ring.ringbuf_output(e, sizeof(struct long_exec), BPF_RB_NO_WAKEUP)) count(COUNT_DROPPED);
}

int on_sched_process_fork(struct bpf_raw_tracepoint_args *ctx) {
  void *parent = (void *)ctx->args[0];
  void *child = (void *)ctx->args[1];
  u32 tgid = READ(u32, child, task_struct__tgid);
  if (tgid != READ(u32, child, task_struct__pid)) return 0;  // a thread
  u32 parent_pid = bpf_get_current_pid_tgid() >> 32;
  if (is_own(parent_pid)) {
    u8 one = 1;
    own_processes.update(&tgid, &one);
    count(COUNT_IGNORED);
    return 0;
  }
  struct small *e = small_ring.ringbuf_reserve(sizeof(struct small));
  if (!e) { count(COUNT_DROPPED); return 0; }
  fill_header(&e->h, parent, EVENT_CLONE);
  no_numbers(&e->h);
  e->count = 1;
  e->unused = 0;
  __builtin_memset(e->path, 0, SMALL_PATH);
  e->h.result = tgid;
  e->h.extra = READ(u64, child, task_struct__start_boottime);
  e->h.mode = vpid_of(child);
  small_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 0;
}

int on_sched_process_exec(struct bpf_raw_tracepoint_args *ctx) {
  void *task = (void *)ctx->args[0];
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (is_own(pid)) { count(COUNT_IGNORED); return 0; }
  int zero = 0;
  struct long_exec *e = exec_scratch.lookup(&zero);
  if (!e) return 0;
  fill_header(&e->h, task, EVENT_EXECVE);
  no_numbers(&e->h);
  fill_identity(&e->i, task);
  void *mm = READ_POINTER(task, task_struct__mm);
  void *fs = READ_POINTER(task, task_struct__fs);
  void *file = READ_POINTER(mm, mm_struct__exe_file);
  fill_executable(&e->i, READ_POINTER(file, file__f_inode));
  e->i.args_len = read_strings(e->args, READ(u64, mm, mm_struct__arg_start), READ(u64, mm, mm_struct__arg_end));
  e->i.env_len = read_strings(e->env, READ(u64, mm, mm_struct__env_start), READ(u64, mm, mm_struct__env_end));
  e->i.exe_len = walk_path(e->exe, task, READ_POINTER(file, file__f_path_mnt), READ_POINTER(file, file__f_path_dentry), &e->h.notes);
  e->i.cwd_len = walk_path(e->cwd, task, READ_POINTER(fs, fs_struct__pwd_mnt), READ_POINTER(fs, fs_struct__pwd_dentry), &e->h.notes);
  e->i.cgroup_len = walk_cgroup(e->cgroup, task);
  send_exec(e);
  return 0;
}

int on_sched_process_exit(struct bpf_raw_tracepoint_args *ctx) {
  void *task = (void *)ctx->args[0];
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  // the count of living threads is already lowered here: zero means that the process ends, not one thread
  if (READ(int, READ_POINTER(task, task_struct__signal), signal_struct__live)) return 0;
  if (is_own(pid)) { own_processes.delete(&pid); count(COUNT_IGNORED); return 0; }
  struct small *e = small_ring.ringbuf_reserve(sizeof(struct small));
  if (!e) { count(COUNT_DROPPED); return 0; }
  fill_header(&e->h, task, EVENT_PROCEXIT);
  no_numbers(&e->h);
  e->count = 1;
  e->unused = 0;
  __builtin_memset(e->path, 0, SMALL_PATH);
  e->h.result = READ(int, task, task_struct__exit_code);
  small_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 0;
}
