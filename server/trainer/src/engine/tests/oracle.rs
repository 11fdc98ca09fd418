//! The same model from slow operations in f64, one sequence at a time, on candle's autograd.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use shared::training::TargetModule;

use crate::adapter::{Adapter, Group};
use crate::engine::Model;
use crate::ops::{DropoutKey, RopeTable, dropout};
use crate::testing::activated;

pub(super) struct Oracle<'a> {
    model: &'a Model,
    adapter: &'a Adapter,
    pub(super) flat: Var,
    /// Of the only sequence of a batch.
    pub(super) dropout: Option<DropoutKey>,
}

fn wide(tensor: &Tensor) -> Result<Tensor> {
    tensor.to_dtype(DType::F64)
}

impl<'a> Oracle<'a> {
    pub(super) fn new(model: &'a Model, adapter: &'a Adapter) -> Self {
        let flat = Var::from_tensor(&wide(adapter.flat()).unwrap()).unwrap();
        Self {
            model,
            adapter,
            flat,
            dropout: None,
        }
    }

    /// The hidden states before the last norm, `[T, D]`.
    pub(super) fn hidden(&self, tokens: &[u32]) -> Result<Tensor> {
        let config = &self.model.config;
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut x = wide(&self.model.weights.embedding.numbers()?)?.index_select(&ids, 0)?;
        x = (x * config.embedding_scale.unwrap_or(1.0))?;
        for layer in 0..config.layers {
            let weights = &self.model.weights.layers[layer];
            let post = weights.post_norms.as_ref();
            let normed = self.norm(&x, &weights.attention_norm)?;
            let attended = self.attention(layer, &normed)?;
            let added = self.linear(layer, TargetModule::Output, &attended)?;
            x = (x + self.normed(&added, post.map(|norms| &norms.attention))?)?;
            let normed = self.norm(&x, &weights.mlp_norm)?;
            let gate = self.linear(layer, TargetModule::Gate, &normed)?;
            let gate = activated(&gate, config.activation)?;
            let h = (gate * self.linear(layer, TargetModule::Up, &normed)?)?;
            let added = self.linear(layer, TargetModule::Down, &h)?;
            x = (x + self.normed(&added, post.map(|norms| &norms.mlp))?)?;
        }
        Ok(x)
    }

    fn attention(&self, layer: usize, normed: &Tensor) -> Result<Tensor> {
        let config = &self.model.config;
        let norms = self.model.weights.layers[layer].head_norms.as_ref();
        let rotated = |target, heads, norm: Option<&Tensor>| {
            let x = self.linear(layer, target, normed)?;
            let rows = x.dims2()?.0;
            let x = x.reshape((rows, heads, config.head_dim))?;
            self.rope(layer, &self.normed(&x, norm)?)
        };
        let q = rotated(
            TargetModule::Query,
            config.heads,
            norms.map(|norms| &norms.query),
        )?;
        let k = rotated(
            TargetModule::Key,
            config.kv_heads,
            norms.map(|norms| &norms.key),
        )?;
        let v = self.linear(layer, TargetModule::Value, normed)?;
        self.attend(layer, &q, &k, &v)
    }

    /// Log-probabilities of all tokens at each place, `[T, V]`.
    pub(super) fn logps(&self, tokens: &[u32]) -> Result<Tensor> {
        let normed = self.norm(&self.hidden(tokens)?, &self.model.weights.norm)?;
        let logits = normed.matmul(&wide(&self.model.weights.head().numbers()?)?.t()?)?;
        candle_nn::ops::log_softmax(&logits, D::Minus1)
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
        let root = (mean + self.model.config.rms_norm_eps)?.sqrt()?;
        x.broadcast_div(&root)?.broadcast_mul(&wide(weight)?)
    }

    fn normed(&self, x: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
        weight.map_or(Ok(x.clone()), |weight| self.norm(x, weight))
    }

    fn linear(&self, layer: usize, target: TargetModule, x: &Tensor) -> Result<Tensor> {
        let y =
            x.matmul(&wide(&self.model.weights.layers[layer].linear(target).numbers()?)?.t()?)?;
        let Some((a, b)) = self.matrices(layer, target)? else {
            return Ok(y);
        };
        let scale = f64::from(self.adapter.shape().scaling());
        let seen = self.dropped(layer, target, x)?;
        let low = (seen.matmul(&a.t()?)?.matmul(&b.t()?)? * scale)?;
        let Some(magnitude) = self.adapter.magnitude(layer, target) else {
            return y + low;
        };
        // As PEFT puts it.
        let weight = wide(&self.model.weights.layers[layer].linear(target).numbers()?)?;
        let sum = (&weight + (b.matmul(&a)? * scale)?)?;
        let norm = sum.sqr()?.sum(1)?.sqrt()?.detach();
        let factor = (self.place(magnitude)? / norm)?;
        let base = seen
            .matmul(&weight.t()?)?
            .broadcast_mul(&(&factor - 1.0)?)?;
        y + (base + low.broadcast_mul(&factor)?)?
    }

    /// What an adapter sees of its input.
    fn dropped(&self, layer: usize, target: TargetModule, x: &Tensor) -> Result<Tensor> {
        let Some(key) = self.dropout else {
            return Ok(x.clone());
        };
        let group = Group::ALL
            .into_iter()
            .find(|group| group.targets().contains(&target));
        let stream = (key.stream << 20) | ((layer as u64) << 2) | group.unwrap().index() as u64;
        let ones = Tensor::ones(x.shape(), DType::F32, &Device::Cpu)?;
        let mask = ones.zeros_like()?;
        dropout(&mask, &ones, DropoutKey { stream, ..key })?;
        x * wide(&mask)?
    }

    /// The same places of the flat tensor as the adapter's views, found through their offsets.
    fn matrices(&self, layer: usize, target: TargetModule) -> Result<Option<(Tensor, Tensor)>> {
        let views = self.adapter.matrices(layer, target).unwrap();
        views
            .map(|(a, b)| Ok((self.place(&a)?, self.place(&b)?)))
            .transpose()
    }

    fn place(&self, view: &Tensor) -> Result<Tensor> {
        let (storage, layout) = view.storage_and_layout();
        drop(storage);
        self.flat
            .narrow(0, layout.start_offset(), view.elem_count())?
            .reshape(view.shape())
    }

    /// Rotates heads `[T, heads, d]`; gives `[T, heads·d]`.
    fn rope(&self, layer: usize, x: &Tensor) -> Result<Tensor> {
        let config = &self.model.config;
        let (rows, half) = (x.dims3()?.0, config.head_dim / 2);
        let local = config.window_of(layer).and_then(|window| window.rope_theta);
        let (theta, scaling) = match local {
            Some(theta) => (theta, None),
            None => (config.rope_theta, config.rope_scaling),
        };
        let table = RopeTable::new(config.head_dim, theta, scaling, 1);
        let angles: Vec<f64> = (0..rows)
            .flat_map(|row| {
                table
                    .frequencies()
                    .iter()
                    .map(move |f| f64::from(row as f32 * f))
            })
            .collect();
        let angles = Tensor::from_vec(angles, (rows, 1, half), &Device::Cpu)?;
        let (cos, sin) = (angles.cos()?, angles.sin()?);
        let (first, second) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
        let turned_first = (first.broadcast_mul(&cos)? - second.broadcast_mul(&sin)?)?;
        let turned_second = (second.broadcast_mul(&cos)? + first.broadcast_mul(&sin)?)?;
        Tensor::cat(&[turned_first, turned_second], 2)?.reshape((rows, ()))
    }

    fn attend(&self, layer: usize, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
        let config = &self.model.config;
        let (rows, dim) = (q.dims2()?.0, config.head_dim);
        let window = config.window_of(layer).map_or(rows, |window| window.tokens);
        let mask = (0..rows * rows).map(|at| {
            let (row, key) = (at / rows, at % rows);
            let seen = key <= row && key + window > row;
            if seen { 0.0 } else { -1e300 }
        });
        let mask: Vec<f64> = mask.collect();
        let scale = (config.query_pre_attn_scalar as f64).sqrt().recip();
        let mask = Tensor::from_vec(mask, (rows, rows), &Device::Cpu)?;
        let mut heads = Vec::new();
        for head in 0..config.heads {
            let shared = head / (config.heads / config.kv_heads);
            let q = q.narrow(1, head * dim, dim)?;
            let k = k.narrow(1, shared * dim, dim)?;
            let v = v.narrow(1, shared * dim, dim)?;
            let scores = ((q.contiguous()?.matmul(&k.t()?.contiguous()?)? * scale)? + &mask)?;
            heads.push(candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&v.contiguous()?)?);
        }
        Tensor::cat(&heads, 1)
    }
}

/// All groups, to name one where a test fails.
pub(super) fn groups(adapter: &Adapter, layer: usize) -> Vec<(Group, usize)> {
    Group::ALL
        .into_iter()
        .filter_map(|group| Some((group, adapter.group(layer, group)?.a.elem_count())))
        .collect()
}
