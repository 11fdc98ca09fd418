//! A whole model forward and backward, without automatic differentiation.
