// The rotary embedding; see `rope.rs`.
#include "common.cuh"

// One thread for each pair of numbers: blocks by row and pair. `table` has the cosines of all
// positions, then the sines; `sign` is -1 to turn back.
extern "C" __global__ void rope(float *x, const float *table, const unsigned *positions, int heads,
                                int half, int width, int table_positions, float sign) {
    const int pair = column();
    if (pair >= heads * half) {
        return;
    }
    const int head = pair / half, at = pair % half;
    const size_t place = (size_t)positions[blockIdx.x] * half + at;
    const float cosine = table[place];
    const float sine = sign * table[(size_t)table_positions * half + place];
    float *first = x + (size_t)blockIdx.x * width + head * 2 * half + at;
    float *second = first + half;
    const float a = *first, b = *second;
    *first = a * cosine - b * sine;
    *second = b * cosine + a * sine;
}
