// Dropout; see `dropout.rs`, whose generator gives the same words.
#include "common.cuh"

// Philox4x32-10 (Salmon et al. 2011): four random words for a counter.
__device__ void philox(unsigned long long seed, unsigned long long stream,
                       unsigned long long counter, unsigned words[4]) {
    unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
    unsigned x0 = (unsigned)counter, x1 = (unsigned)(counter >> 32);
    unsigned x2 = (unsigned)stream, x3 = (unsigned)(stream >> 32);
    for (int round = 0; round < 10; round++) {
        const unsigned long long first = (unsigned long long)x0 * 0xD2511F53u;
        const unsigned long long second = (unsigned long long)x2 * 0xCD9E8D57u;
        x0 = (unsigned)(second >> 32) ^ x1 ^ k0;
        x1 = (unsigned)second;
        x2 = (unsigned)(first >> 32) ^ x3 ^ k1;
        x3 = (unsigned)first;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
}

// One thread for four elements. Words below `threshold` zero an element.
extern "C" __global__ void dropout(float *dst, const float *src, long long count, long long seed,
                                   long long stream, long long threshold, float zeroed,
                                   float kept) {
    const size_t counter = element();
    if (counter * 4 >= count) {
        return;
    }
    unsigned words[4];
    philox(seed, stream, counter, words);
    for (int index = 0; index < 4 && counter * 4 + index < count; index++) {
        const size_t at = counter * 4 + index;
        dst[at] = src[at] * ((long long)words[index] < threshold ? zeroed : kept);
    }
}
