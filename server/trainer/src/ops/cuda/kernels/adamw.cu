// The optimizer's update, and the norm of gradients; formulas in `adamw.rs`.
#include "common.cuh"

// One thread for each parameter; `moments` has the means, then the means of squares.
extern "C" __global__ void adamw_moments(float *moments, const float *gradients, long long count,
                                         float scale, float weight1, float beta2, float weight2) {
    const size_t at = element();
    if (at < count) {
        const float g = gradients[at] * scale;
        float *m = moments + at, *v = moments + count + at;
        *m += weight1 * (g - *m);
        *v = *v * beta2 + weight2 * (g * g);
    }
}

// One thread for each parameter, the first of which decay.
extern "C" __global__ void adamw_update(float *parameters, const float *moments, long long count,
                                        long long decaying, float keep, float size, float root,
                                        float epsilon) {
    const size_t at = element();
    if (at < count) {
        const float m = moments[at], v = moments[count + at];
        const float left = at < decaying ? parameters[at] * keep : parameters[at];
        parameters[at] = left - size * (m / (sqrtf(v) / root + epsilon));
    }
}

// The sum of the squares of `piece` values for each block.
extern "C" __global__ void sums_of_squares(double *sums, const float *values, long long count,
                                           int piece) {
    const size_t first = (size_t)blockIdx.x * piece;
    double sum = 0;
    for (size_t at = first + threadIdx.x; at < first + piece && at < count; at += blockDim.x) {
        sum += (double)values[at] * values[at];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
    }
}

// The sum of all, by one block.
extern "C" __global__ void sum_of_sums(double *sum, const double *sums, int count) {
    double own = 0;
    for (int at = threadIdx.x; at < count; at += blockDim.x) {
        own += sums[at];
    }
    own = block_sum(own);
    if (threadIdx.x == 0) {
        *sum = own;
    }
}
