// Products on tensor cores: 16 rows by 8 columns, over 16 terms of 16 bits, summed in 32 bits.
//
// A word holds two neighbouring terms, the first in its lower half. Of the left operand a lane has
// words of the rows `lane / 4` and eight below it, at the words `lane % 4` and four behind it; of
// the right operand words of the column `lane / 4`, at the same; of the result pairs of columns from
// `lane % 4 * 2` on, of its two rows.
#pragma once

#define NUMBER(Name, KIND)                                                                        \
    struct Name {                                                                                 \
        static __device__ unsigned word(float first, float second) {                              \
            unsigned word;                                                                        \
            asm("cvt.rn." KIND "x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));      \
            return word;                                                                          \
        }                                                                                         \
                                                                                                  \
        static __device__ void multiply_add(float result[4], const unsigned left[4],              \
                                            unsigned right, unsigned right_behind) {              \
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." KIND "." KIND                   \
                         ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"   \
                         : "+f"(result[0]), "+f"(result[1]), "+f"(result[2]), "+f"(result[3])     \
                         : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right),    \
                           "r"(right_behind));                                                    \
        }                                                                                         \
    };
// Eight bits of a number, of any size: bfloat16.
NUMBER(Brain, "bf16")
// Eleven bits of a number up to 65504; larger ones are infinite, those below 6e-8 zero.
NUMBER(Half, "f16")
