/* The limit: the checks of a shinjuku-120 data record in C, one pass over the file.
   gcc -O3 -march=native -o check check.c ; ./check FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const unsigned char *p, int n) {
  int v = 0;
  for (int i = 0; i < n; i++) v = v * 10 + (p[i] - '0');
  return v;
}
static int not_digits(const unsigned char *p, int n) {
  int bad = 0;
  for (int i = 0; i < n; i++) bad |= (unsigned char)(p[i] - '0') > 9;
  return bad;
}
static int blank(const unsigned char *p, int n) {
  int spaces = 1, zeros = 1;
  for (int i = 0; i < n; i++) { spaces &= p[i] == ' '; zeros &= p[i] == '0'; }
  return spaces | zeros;
}
static int not_text(const unsigned char *p, int n) {
  int bad = 0;
  for (int i = 0; i < n; i++) bad |= (unsigned char)(p[i] - 32) > 94;
  return bad;
}
static const int DAYS[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
static int not_date(const unsigned char *p) {
  if (not_digits(p, 8)) return 1;
  int y = number(p, 4), m = number(p + 4, 2), d = number(p + 6, 2);
  if (y < 2000 || y > 2099 || m < 1 || m > 12 || d < 1 || d > DAYS[m - 1]) return 1;
  return m == 2 && d == 29 && y % 4;
}
int main(int argc, char **argv) {
  FILE *f = fopen(argv[1], "rb");
  size_t rows = 0, bad = 0, stride = 122, block = 122 * 16384;
  unsigned char *buffer = malloc(block);
  long long count[3] = {0}, amount[3] = {0};
  size_t got;
  while ((got = fread(buffer, 1, block, f)) > 0)
    for (unsigned char *p = buffer; p + stride <= buffer + got; p += stride) {
      if (p[120] != '\r' || p[121] != '\n') bad++;
      if (p[0] != '2') continue;
      rows++;
      int wrong = p[1] != '0' || p[2] < '1' || p[2] > '3';
      wrong |= not_date(p + 3) | not_digits(p + 11, 4) | (number(p + 11, 2) > 23) | (number(p + 13, 2) > 59);
      wrong |= not_digits(p + 16, 44) | (p[16] != '9') | (p[17] != '1');
      int odd = 0, even = 0;
      for (int i = 0; i < 43; i += 2) odd += p[16 + i] - '0';
      for (int i = 1; i < 43; i += 2) even += p[16 + i] - '0';
      wrong |= (1000 - 3 * odd - even) % 10 != p[59] - '0';
      int yen = number(p + 53, 6);
      wrong |= yen == 0;
      wrong |= not_text(p + 63, 7) | not_text(p + 96, 6) | not_text(p + 102, 18);
      for (int o = 72; o <= 88; o += 8) wrong |= !blank(p + o, 8) && not_date(p + o);
      bad += wrong;
      if (!wrong) { count[p[2] - '1']++; amount[p[2] - '1'] += yen; }
    }
  printf("%zu %zu %lld %lld %lld\n", rows, bad, count[0], count[1], amount[0] + amount[1] + amount[2]);
  return 0;
}
