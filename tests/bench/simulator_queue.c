/* M/M/20 at load 0.9: a small event loop in C, the yardstick of `simulator_speed.py`.
 * Binary heap of departures, ring buffer of who waits, xorshift128+. Prints events, CPU seconds, mean wait. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AGENTS 20
#define ROOM 65536 /* waiting places, a power of two */

static uint64_t s0 = 0x9E3779B97F4A7C15u, s1 = 0xD1B54A32D192ED03u;

static double exponential(double mean) {
    uint64_t x = s0, y = s1;
    s0 = y;
    x ^= x << 23;
    s1 = x ^ y ^ (x >> 17) ^ (y >> 26);
    return -mean * log(((s1 + y) >> 11) * 0x1.0p-53 + 0x1.0p-54);
}

static double departures[AGENTS + 1];
static int busy = 0;

static void push(double when) {
    int at = ++busy;
    for (; at > 1 && departures[at >> 1] > when; at >>= 1) departures[at] = departures[at >> 1];
    departures[at] = when;
}

static void sink(double when) {
    int at = 1;
    for (int child; (child = 2 * at) <= busy; at = child) {
        if (child < busy && departures[child + 1] < departures[child]) child++;
        if (departures[child] >= when) break;
        departures[at] = departures[child];
    }
    departures[at] = when;
}

int main(int argc, char **argv) {
    long customers = argc > 1 ? atol(argv[1]) : 1000000, arrived = 0, served = 0;
    double work = 25.0, gap = work / (AGENTS * 0.9), arrival, waited = 0.0;
    static double asked[ROOM];
    unsigned head = 0, tail = 0;
    clock_t begun = clock();
    arrival = exponential(gap);
    while (served < customers) {
        if (arrived < customers && (busy == 0 || arrival < departures[1])) {
            if (busy < AGENTS) push(arrival + exponential(work));
            else asked[tail++ % ROOM] = arrival;
            arrived++;
            arrival += exponential(gap);
        } else {
            double now = departures[1];
            served++;
            if (head != tail) {
                waited += now - asked[head++ % ROOM];
                sink(now + exponential(work));
            } else {
                double last = departures[busy--];
                sink(last);
            }
        }
    }
    printf("{\"events\": %ld, \"cpu_s\": %.6f, \"wait_s\": %.6f}\n", 2 * customers,
           (double)(clock() - begun) / CLOCKS_PER_SEC, waited / customers);
    return 0;
}
