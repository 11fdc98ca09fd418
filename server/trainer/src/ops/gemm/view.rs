//! Matrices as products see them: slices with strides.

use std::ops::Range;

use candle_core::{Layout, Result, bail};

/// A matrix to read: every element lies within `data`.
#[derive(Clone, Copy)]
pub(in crate::ops) struct View<'a, T = f32> {
    pub(super) data: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a, T: Copy> View<'a, T> {
    pub(super) fn new(data: &'a [T], layout: &Layout) -> Result<Self> {
        let (rows, columns) = layout.shape().dims2()?;
        let [row_stride, column_stride] = [layout.stride()[0], layout.stride()[1]];
        Self {
            data: &data[layout.start_offset()..],
            rows,
            columns,
            row_stride,
            column_stride,
        }
        .checked()
    }

    /// Rows of `columns` numbers, `row_stride` apart.
    pub(in crate::ops) fn rows(
        data: &'a [T],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Result<Self> {
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
        .checked()
    }

    /// Rows and columns exchanged.
    pub(in crate::ops) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One element.
    pub(super) fn at(&self, row: usize, column: usize) -> T {
        self.data[row * self.row_stride + column * self.column_stride]
    }

    fn checked(self) -> Result<Self> {
        let last = last_element(self.rows, self.columns, self.row_stride, self.column_stride);
        if last.is_some_and(|last| last >= self.data.len()) {
            bail!("a matrix reaches beyond its storage");
        }
        Ok(self)
    }
}

/// A matrix to write, which nobody else touches meanwhile.
pub(in crate::ops) struct ViewMut {
    pub(super) data: *mut f32,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl ViewMut {
    pub(super) fn new(data: &mut [f32], layout: &Layout) -> Result<Self> {
        let (rows, columns) = layout.shape().dims2()?;
        let [row_stride, column_stride] = [layout.stride()[0], layout.stride()[1]];
        let last = last_element(rows, columns, row_stride, column_stride);
        let data = &mut data[layout.start_offset()..];
        if last.is_some_and(|last| last >= data.len()) {
            bail!("a matrix reaches beyond its storage");
        }
        Ok(Self {
            data: data.as_mut_ptr(),
            rows,
            columns,
            row_stride,
            column_stride,
        })
    }

    /// Rows of `columns` numbers, `row_stride` apart.
    ///
    /// # Safety
    /// All of them are valid to write, and no other thread touches them while this lives.
    #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
    pub(in crate::ops) unsafe fn from_pointer(
        data: *mut f32,
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// Some columns of a matrix `[rows, width]` without gaps, in a slice of its own.
    pub(in crate::ops) fn columns(
        data: &mut [f32],
        rows: usize,
        width: usize,
        columns: Range<usize>,
    ) -> Result<Self> {
        let fits = data.len() >= rows * width && columns.end <= width;
        let (true, Some(data)) = (fits, data.get_mut(columns.start..)) else {
            bail!("a matrix reaches beyond its storage");
        };
        Ok(Self {
            data: data.as_mut_ptr(),
            rows,
            columns: columns.len(),
            row_stride: width,
            column_stride: 1,
        })
    }

    /// Rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

fn last_element(rows: usize, columns: usize, down: usize, across: usize) -> Option<usize> {
    Some(rows.checked_sub(1)? * down + columns.checked_sub(1)? * across)
}
