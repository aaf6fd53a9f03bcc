// The life of processes: fork, exec, exit.

static __always_inline u32 tty_of(void *task) {
  void *tty = READ_POINTER(READ_POINTER(task, task_struct__signal), signal_struct__tty);
  if (!tty) return 0;
  void *driver = READ_POINTER(tty, tty_struct__driver);
  u32 minor = READ(u32, driver, tty_driver__minor_start) + READ(u32, tty, tty_struct__index);
  // encoded as in /proc/PID/stat
  return (minor & 0xff) | READ(u32, driver, tty_driver__major) << 8 | (minor & ~0xffu) << 12;
}

static __always_inline u32 session_of(void *task) {
  void *signal = READ_POINTER(task, task_struct__signal);
  void *pid = 0;
  bpf_probe_read_kernel(&pid, sizeof(pid), signal + OFFSET_signal_struct__pids + PIDTYPE_SID * sizeof(void *));
  u32 number = 0;
  bpf_probe_read_kernel(&number, 4, pid + OFFSET_pid__numbers + OFFSET_upid__nr);
  return number;
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

RAW_TRACEPOINT_PROBE(sched_process_fork) {
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
  __builtin_memset(e->path, 0, SMALL_PATH);
  e->h.result = tgid;
  e->h.extra = READ(u64, child, task_struct__start_boottime);
  e->h.mode = vpid_of(child);
  small_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 0;
}

RAW_TRACEPOINT_PROBE(sched_process_exec) {
  void *task = (void *)ctx->args[0];
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (is_own(pid)) { count(COUNT_IGNORED); return 0; }
  struct exec *e = exec_ring.ringbuf_reserve(sizeof(struct exec));
  if (!e) { count(COUNT_DROPPED); return 0; }
  fill_header(&e->h, task, EVENT_EXECVE);
  void *mm = READ_POINTER(task, task_struct__mm);
  void *credentials = READ_POINTER(task, task_struct__cred);
  void *fs = READ_POINTER(task, task_struct__fs);
  void *file = READ_POINTER(mm, mm_struct__exe_file);
  e->ppid = READ(u32, READ_POINTER(task, task_struct__real_parent), task_struct__tgid);
  e->vpid = vpid_of(task);
  e->sid = session_of(task);
  e->tty = tty_of(task);
  e->gid = READ(u32, credentials, cred__egid);
#ifdef OFFSET_task_struct__loginuid
  e->loginuid = READ(u32, task, task_struct__loginuid);
#else
  e->loginuid = -1;  // a kernel without audit
#endif
  e->cap_permitted = READ(u64, credentials, cred__cap_permitted);
  e->cap_effective = READ(u64, credentials, cred__cap_effective);
  e->cap_inheritable = READ(u64, credentials, cred__cap_inheritable);
  u64 from = READ(u64, mm, mm_struct__arg_start);
  u64 bytes = READ(u64, mm, mm_struct__arg_end) - from;
  if (bytes > ARGS_BYTES - 1) bytes = ARGS_BYTES - 1;
  u32 size = bytes;
  asm volatile("" : "+r"(size));  // keep the compiler from dropping the mask that the verifier needs
  size &= ARGS_BYTES - 1;
  e->args_len = bpf_probe_read_user(e->args, size, (void *)from) ? 0 : size;
  e->exe_len = walk_path(e->exe, task, READ_POINTER(file, file__f_path_mnt), READ_POINTER(file, file__f_path_dentry), &e->h.notes);
  e->cwd_len = walk_path(e->cwd, task, READ_POINTER(fs, fs_struct__pwd_mnt), READ_POINTER(fs, fs_struct__pwd_dentry), &e->h.notes);
  e->cgroup_len = walk_cgroup(e->cgroup, task);
  exec_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 0;
}

RAW_TRACEPOINT_PROBE(sched_process_exit) {
  void *task = (void *)ctx->args[0];
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  // the count of living threads is already lowered here: zero means that the process ends, not one thread
  if (READ(int, READ_POINTER(task, task_struct__signal), signal_struct__live)) return 0;
  if (is_own(pid)) { own_processes.delete(&pid); count(COUNT_IGNORED); return 0; }
  struct small *e = small_ring.ringbuf_reserve(sizeof(struct small));
  if (!e) { count(COUNT_DROPPED); return 0; }
  fill_header(&e->h, task, EVENT_PROCEXIT);
  __builtin_memset(e->path, 0, SMALL_PATH);
  e->h.result = READ(int, task, task_struct__exit_code);
  small_ring.ringbuf_submit(e, BPF_RB_NO_WAKEUP);
  return 0;
}
