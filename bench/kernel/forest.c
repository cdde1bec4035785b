/*
 * The limit that the kernels of Outrider are held against: path length sums of the same trees and rows in C. Nodes of
 * 16 bytes, eight rows in lockstep without a branch, tree by tree over a stretch of rows.
 *
 *   forest INPUT SUMS LAYOUT STRETCH_BYTES
 *
 * LAYOUT rows: rows as they come. LAYOUT blocks: eight rows side by side, brought there within the measured time.
 * INPUT: int32 nodes, trees, rows, width; then per node f64 threshold, f64 path, int32 feature, int32 left; per tree
 * int32 root, int32 levels; then the rows, f64. Writes the sums to SUMS and prints the nanoseconds of processor time of
 * its best pass of three.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  double threshold;
  uint32_t feature; /* byte offset in a row or block */
  uint32_t left;    /* byte offset of the left child */
} Node;

typedef struct {
  int32_t root, levels;
} Tree;

static int32_t nodes, trees, rows, width;
static Node *node;
static double *path;
static Tree *tree;
static double *values;
static double *sums;

static void *need(size_t count, size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, count * bytes + 64) != 0) {
    fprintf(stderr, "forest: no memory\n");
    exit(1);
  }
  return memory;
}

static void take(FILE *from, void *to, size_t bytes, size_t count) {
  if (fread(to, bytes, count, from) != count) {
    fprintf(stderr, "forest: the input is too short\n");
    exit(1);
  }
}

#define AT(base, offset) ((const char *)(base) + (offset))
#define STEP(n, x)                                                              \
  do {                                                                          \
    const Node *at = (const Node *)AT(node, n);                                 \
    n = at->left + ((uint32_t)(*(const double *)AT(x, at->feature) >= at->threshold) << 4); \
  } while (0)
#define PATH(n) path[(n) >> 4]

/* `lane` is the distance in bytes between the values of two neighbouring rows, `next` that between two eights. */
static inline __attribute__((always_inline)) void walk(const double *base, size_t lane, size_t next, int32_t eights,
                                                       double *sum) {
  for (int32_t t = 0; t < trees; t++) {
    const uint32_t root = (uint32_t)tree[t].root << 4;
    const int32_t levels = tree[t].levels;
    const char *x = (const char *)base;
    for (int32_t e = 0; e < eights; e++, x += next) {
      uint32_t n0 = root, n1 = root, n2 = root, n3 = root, n4 = root, n5 = root, n6 = root, n7 = root;
      for (int32_t level = 0; level < levels; level++) {
        STEP(n0, x);
        STEP(n1, x + lane);
        STEP(n2, x + 2 * lane);
        STEP(n3, x + 3 * lane);
        STEP(n4, x + 4 * lane);
        STEP(n5, x + 5 * lane);
        STEP(n6, x + 6 * lane);
        STEP(n7, x + 7 * lane);
      }
      double *s = sum + 8 * (size_t)e;
      s[0] += PATH(n0);
      s[1] += PATH(n1);
      s[2] += PATH(n2);
      s[3] += PATH(n3);
      s[4] += PATH(n4);
      s[5] += PATH(n5);
      s[6] += PATH(n6);
      s[7] += PATH(n7);
    }
  }
}

static void score_rows(int32_t stretch) {
  for (int32_t from = 0; from < rows; from += stretch) {
    const int32_t count = rows - from < stretch ? rows - from : stretch;
    walk(values + (size_t)from * width, (size_t)width * 8, (size_t)width * 64, count / 8, sums + from);
  }
}

static void score_blocks(int32_t stretch, double *blocks) {
  for (int32_t from = 0; from < rows; from += stretch) {
    const int32_t count = rows - from < stretch ? rows - from : stretch;
    for (int32_t row = 0; row < count; row++) {
      const double *in = values + (size_t)(from + row) * width;
      double *out = blocks + (size_t)(row >> 3) * width * 8 + (row & 7);
      for (int32_t f = 0; f < width; f++) out[(size_t)f * 8] = in[f];
    }
    walk(blocks, 8, (size_t)width * 64, count / 8, sums + from);
  }
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: forest INPUT SUMS rows|blocks STRETCH_BYTES\n");
    return 2;
  }
  FILE *input = fopen(argv[1], "rb");
  if (input == NULL) {
    perror(argv[1]);
    return 1;
  }
  const int side_by_side = strcmp(argv[3], "blocks") == 0;
  int32_t head[4];
  take(input, head, 4, 4);
  nodes = head[0], trees = head[1], rows = head[2], width = head[3];
  if (rows % 8 != 0) {
    fprintf(stderr, "forest: the rows must be a multiple of eight\n");
    return 2;
  }
  node = need(nodes, sizeof(Node));
  path = need(nodes, 8);
  tree = need(trees, sizeof(Tree));
  values = need((size_t)rows * width, 8);
  sums = need(rows, 8);
  for (int32_t n = 0; n < nodes; n++) {
    int32_t ints[2];
    take(input, &node[n].threshold, 8, 1);
    take(input, &path[n], 8, 1);
    take(input, ints, 4, 2);
    node[n].feature = (uint32_t)ints[0] * (side_by_side ? 64 : 8);
    node[n].left = (uint32_t)ints[1] << 4;
  }
  take(input, tree, sizeof(Tree), trees);
  take(input, values, 8, (size_t)rows * width);
  fclose(input);

  int32_t stretch = atoi(argv[4]) / (width * 64) * 8;
  if (stretch < 8) stretch = 8;
  double *blocks = need((size_t)stretch * width, 8);
  double best = INFINITY;
  for (int pass = 0; pass < 3; pass++) {
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    memset(sums, 0, (size_t)rows * 8);
    if (side_by_side) score_blocks(stretch, blocks);
    else score_rows(stretch);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    const double ns = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
    if (ns < best) best = ns;
  }
  printf("%.0f\n", best);

  FILE *output = fopen(argv[2], "wb");
  if (output == NULL || fwrite(sums, 8, rows, output) != (size_t)rows || fclose(output) != 0) {
    perror(argv[2]);
    return 1;
  }
  return 0;
}
