// Identical calls are counted: the first of a window goes into its ring at once, the others raise a number.
//
// A window ends when `settle` is run on a CPU, which its reader does before it reads. What was counted lives in a map
// and then in a ring, so the end of a reader loses none of it.

#define SETS 256
#define SETS_SHIFT 56  // the topmost bits of a hash name a set
#define WAYS 4
#define SETS_A_RUN 64  // `settle` may run in an interrupt
#define MOST_COUNTED 0xffffffff

// Calls of this window, with how many of each were not told yet. A tag of zero: nothing is there. `busy`: a call is
// being compared, and the interrupt that settles leaves the set alone. `cwds`: where each was made, which the record
// does not tell: a process that went elsewhere begins anew.
struct repeats {
  u32 tags[WAYS];
  u64 busy;
  void *cwds[WAYS];
  struct small calls[WAYS];
};

BPF_PERCPU_ARRAY(repeats, struct repeats, SETS);
BPF_PERCPU_ARRAY(small_scratch, struct small, 1);

#define WORDS (sizeof(struct small) / 8)
#define PATH_WORD (__builtin_offsetof(struct small, path) / 8)
#define COUNT_WORD (__builtin_offsetof(struct small, count) / 8)
#define TYPE_WORD (__builtin_offsetof(struct small, h.type) / 8)
#define NAME_WORD (__builtin_offsetof(struct small, h.comm) / 8)
#define barrier() asm volatile("" ::: "memory")

// A place to look, no more: what counts as the same is compared in full. The address of the task makes it hard to guess.
static __always_inline u64 hash_of(struct small *e, void *task) {
  u64 *words = (u64 *)e, sum = 0;
  int i;
#pragma unroll
  for (i = TYPE_WORD; i < WORDS; i++)
    if (i < NAME_WORD || i >= PATH_WORD) sum += words[i] * (2 * i + 1);
  sum = (sum ^ (u64)task) * 0x9e3779b97f4a7c15;
  return (sum ^ sum >> 29) * 0xbf58476d1ce4e5b9;
}

// All but their times and counts.
static __always_inline int is_same(struct small *one, struct small *other) {
  u64 *a = (u64 *)one, *b = (u64 *)other, differ = 0;
  int i;
#pragma unroll
  for (i = 1; i < WORDS; i++)
    if (i != COUNT_WORD) differ |= a[i] ^ b[i];
  return !differ;
}

// Count a call, or send it if it is the first. What finds the ring full waits among the counted while there is room.
static __always_inline void tell_small(struct small *e, void *task) {
  u64 hash = hash_of(e, task);
  u32 index = hash >> SETS_SHIFT, tag = (u32)hash | 1;
  void *cwd = LOAD_POINTER(LOAD_POINTER(bpf_get_current_task_btf(), task_struct__fs), fs_struct__pwd_dentry);
  struct repeats *set = repeats.lookup(&index);
  if (!set) return;
  e->count = 1;
  e->unused = 0;
  set->busy = 1;
  barrier();
  int known = -1, empty = -1, i;
#pragma unroll
  for (i = 0; i < WAYS; i++) {
    if (set->tags[i] == tag && set->cwds[i] == cwd) known = i;
    if (!set->tags[i]) empty = i;
  }
  struct small *before = &set->calls[known & (WAYS - 1)];
  if (known >= 0 && before->count < MOST_COUNTED && is_same(before, e)) {
    before->count++;
    before->h.time = e->h.time;
  } else {
    int full = small_ring.ringbuf_output(e, sizeof(struct small), BPF_RB_NO_WAKEUP) != 0;
    if (empty >= 0) {
      struct small *place = &set->calls[empty & (WAYS - 1)];
      __builtin_memcpy(place, e, sizeof(struct small));
      place->count = full;
      set->cwds[empty & (WAYS - 1)] = cwd;
      set->tags[empty & (WAYS - 1)] = tag;
      count(COUNT_REMEMBERED);
    } else if (full) {
      count(COUNT_DROPPED);
    }
  }
  barrier();
  set->busy = 0;
}

// End the window of some sets of this CPU, from the set `ctx->args[0]` on: send what was counted, and forget.
// Return how many sets must be seen again, because they were busy or the ring was full.
int settle(struct bpf_raw_tracepoint_args *ctx) {
  u32 first = ctx->args[0];
  u32 left = 0;
  int step, way;
  for (step = 0; step < SETS_A_RUN; step++) {
    u32 index = first + step;
    struct repeats *set = repeats.lookup(&index);
    if (!set) break;
    if (set->busy) { left++; continue; }
    u32 full = 0;
#pragma unroll
    for (way = 0; way < WAYS; way++) {
      if (!set->tags[way]) continue;
      struct small *e = &set->calls[way];
      if (e->count && small_ring.ringbuf_output(e, sizeof(struct small), BPF_RB_NO_WAKEUP)) { full = 1; continue; }
      set->tags[way] = 0;
    }
    left += full;
  }
  return left;
}
