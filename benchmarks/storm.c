// Opens and closes files as fast as it can, or at a given rate: storm SECONDS CPU RATE FILE...
// A single FILE that ends in DEPTH times "/d" is opened by a name never used before each time: "/" or "//" between.
// Prints: pairs of calls made, seconds, CPU seconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 24

static char another[4096];
static char *tail;

// Writes the bits of a number between the names: 2^24 names of one directory.
static void rename_another(long number) {
  char *to = tail;
  for (int i = 0; i < DEPTH; i++) {
    *to++ = '/';
    if (number >> i & 1) *to++ = '/';
    *to++ = 'd';
  }
  *to = 0;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  double seconds = atof(argv[1]), rate = atof(argv[3]);
  int files = argc - 4;
  int fresh = files == 1 && strlen(argv[4]) > 2 * DEPTH && !strcmp(argv[4] + strlen(argv[4]) - 4, "/d/d");
  if (fresh) {
    strcpy(another, argv[4]);
    tail = another + strlen(another) - 2 * DEPTH;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(atoi(argv[2]), &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);

  double start = now(), elapsed = 0;
  long pairs = 0;
  while ((elapsed = now() - start) < seconds) {
    for (int i = 0; i < 100; i++, pairs++) {
      if (fresh) rename_another(pairs);
      close(open(fresh ? another : argv[4 + pairs % files], O_RDONLY));
    }
    while (rate && now() - start < pairs / rate) usleep(50);
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  printf("%ld %f %f\n", pairs, elapsed, cpu);
  return 0;
}
