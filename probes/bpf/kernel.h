// How the kernel's structures are read: at the offsets that the running kernel's BTF tells (OFFSET_* are
// defined by probes/offsets.py), never at those of installed headers.

#define READ(type, pointer, field) ({ type _value = 0; \
  bpf_probe_read_kernel(&_value, sizeof(_value), (void *)(pointer) + OFFSET_##field); _value; })
#define READ_POINTER(pointer, field) READ(void *, pointer, field)

// The same for a task that the verifier knows, and what it leads to: a load, where READ is a call.
#define LOAD(type, pointer, field) (*(type *)((void *)(pointer) + OFFSET_##field))
#define LOAD_POINTER(pointer, field) LOAD(void *, pointer, field)

#define EVENT_CLONE 1
#define EVENT_EXECVE 2
#define EVENT_PROCEXIT 3

#define COUNT_DROPPED 0
#define COUNT_IGNORED 1
#define COUNT_FILTERED 2
#define COUNT_REMEMBERED 3  // calls that the next identical ones are counted with: tells on which CPUs there is something to settle
#define COUNTS 4

BPF_RINGBUF_OUTPUT(small_ring, SMALL_PAGES);
BPF_RINGBUF_OUTPUT(medium_ring, MEDIUM_PAGES);
BPF_RINGBUF_OUTPUT(large_ring, LARGE_PAGES);
BPF_RINGBUF_OUTPUT(pair_ring, PAIR_PAGES);
BPF_RINGBUF_OUTPUT(long_pair_ring, LONG_PAIR_PAGES);
BPF_RINGBUF_OUTPUT(exec_ring, EXEC_PAGES);
BPF_RINGBUF_OUTPUT(long_exec_ring, LONG_EXEC_PAGES);
BPF_PERCPU_ARRAY(counts, u64, COUNTS);
BPF_PERCPU_ARRAY(scratch, struct long_pair, 1);
BPF_PERCPU_ARRAY(exec_scratch, struct long_exec, 1);
BPF_HASH(own_processes, u32, u8, 4096);

static __always_inline void count(int what) {
  u64 *value = counts.lookup(&what);
  if (value) *value += 1;
}

static __always_inline int is_own(u32 pid) {
  return own_processes.lookup(&pid) != 0;
}

static __always_inline void *leader_of(void *task) {
  return READ_POINTER(task, task_struct__group_leader);
}

static __always_inline u64 start_of(void *task) {
  return READ(u64, leader_of(task), task_struct__start_boottime);
}

static __always_inline u32 vpid_of(void *task) {
  void *pid = READ_POINTER(leader_of(task), task_struct__thread_pid);
  u32 level = READ(u32, pid, pid__level);
  if (level > 32) return 0;
  u32 number = 0;
  bpf_probe_read_kernel(&number, 4, pid + OFFSET_pid__numbers + level * SIZE_upid + OFFSET_upid__nr);
  return number;
}

// All of a header but what the call was given and gave back.
static __always_inline void fill_header(struct header *h, void *task, u16 type) {
  u64 id = bpf_get_current_pid_tgid();
  void *current = bpf_get_current_task_btf();
  h->time = bpf_ktime_get_boot_ns();
  h->start = LOAD(u64, LOAD_POINTER(current, task_struct__group_leader), task_struct__start_boottime);
  h->pid = id >> 32;
  h->tid = id;
  h->exec = LOAD(u64, current, task_struct__self_exec_id);
  h->uid = LOAD(u32, LOAD_POINTER(current, task_struct__cred), cred__euid);
  h->type = type;
  h->path_len = 0;
  h->dir_len = 0;
  h->notes = 0;
  bpf_get_current_comm(h->comm, sizeof(h->comm));
}

static __always_inline void no_numbers(struct header *h) {
  h->result = 0;
  h->flags = 0;
  h->extra = 0;
  h->fd = -1;
  h->mode = 0;
}

// Forget what is known of a length but that it is below twice PATH_BYTES: with one state for all the ways
// through a loop's body, the verifier walks the loop once instead of once for every combination of ways.
#define FORGET(length) ({ asm volatile("" : "+r"(length)); length &= 2 * PATH_BYTES - 1; })

// Write the names from a dentry up to the root of the calling process, leaf first, and return their length.
static __always_inline u32 walk_path(char *out, void *task, void *mount, void *dentry, u16 *notes) {
  void *fs = READ_POINTER(task, task_struct__fs);
  void *root_dentry = READ_POINTER(fs, fs_struct__root_dentry);
  void *root_mount = READ_POINTER(fs, fs_struct__root_mnt);
  u32 length = 0;
  int step;
  for (step = 0; step < WALK_STEPS; step++) {
    if (dentry == root_dentry && mount == root_mount) return length;
    void *parent = READ_POINTER(dentry, dentry__d_parent);
    if (dentry == parent && dentry != READ_POINTER(mount, vfsmount__mnt_root)) {
      // a file that lies nowhere, such as a memfd
      int named = bpf_probe_read_kernel_str(out, NAME_BYTES, READ_POINTER(dentry, dentry__d_name_name));
      if (named <= 1) *notes |= NOTE_NAMELESS;
      return named > 1 ? named : 0;
    }
    if (dentry == READ_POINTER(mount, vfsmount__mnt_root) || dentry == parent) {
      void *container = mount - OFFSET_mount__mnt;
      void *above = READ_POINTER(container, mount__mnt_parent);
      if (above == container || !above) return length;
      dentry = READ_POINTER(container, mount__mnt_mountpoint);
      mount = above + OFFSET_mount__mnt;
    } else {
      if (length > PATH_BYTES - 1) break;
      int written = bpf_probe_read_kernel_str(out + length, NAME_BYTES, READ_POINTER(dentry, dentry__d_name_name));
      if (written <= 1) return length;
      length += written;
      dentry = parent;
    }
    FORGET(length);
  }
  *notes |= NOTE_TRUNCATED;
  return length;
}
