//! Which files of a repository are fetched.
//!
//! Only these, and never a pickle: a `.bin`, `.pt` or `.pkl` can run code when it is read.

use std::path::Path;

use serde_json::Value;

/// The model's shape, which is read before its weights are fetched.
pub(crate) const CONFIG: &str = "config.json";

/// Which file each tensor is in.
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// All weights in one file.
const SINGLE: &str = "model.safetensors";

/// The tokenizer.
const TOKENIZER: &str = "tokenizer.json";

/// What is fetched beside the configuration, the tokenizer and the weights where it is there.
const COMPANIONS: [&str; 4] = [
    "chat_template.jinja",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

/// Endings of weights that are not read.
const OTHER_WEIGHTS: [&str; 9] = [
    ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack", ".onnx", ".npz",
];

/// How many GGUF files a message names.
const NAMED_AT_MOST: usize = 6;

/// What is fetched of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One file, which is the whole model.
    Gguf(String),
    /// A folder.
    Folder {
        /// The files that are read before the weights are fetched.
        small: Vec<String>,
        /// Where the weights are.
        weights: Weights,
    },
}

/// Where the weights of a folder are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    /// In one file.
    Single,
    /// In the files that the index names.
    Indexed,
}

/// Chooses among the files of a repository, or says why none will do. `file` is the one that was
/// asked for.
pub(crate) fn choose(files: &[&str], file: Option<&str>) -> Result<Choice, String> {
    match file {
        Some(file) => choose_gguf(files, file),
        None => choose_folder(files),
    }
}

fn choose_gguf(files: &[&str], file: &str) -> Result<Choice, String> {
    if !files.contains(&file) {
        return Err(format!("it has no file {file}{}", offer_gguf(files)));
    }
    if file.contains("-of-0") {
        return Err(format!(
            "{file} is one part of several, which are not read: choose a repository with the whole \
             model in one file"
        ));
    }
    Ok(Choice::Gguf(file.to_owned()))
}

fn choose_folder(files: &[&str]) -> Result<Choice, String> {
    let has = |name: &str| files.contains(&name);
    let weights = if has(SINGLE) {
        Weights::Single
    } else if has(INDEX) {
        Weights::Indexed
    } else {
        return Err(without_weights(files));
    };
    if !has(CONFIG) {
        return Err(format!("it has no {CONFIG}, which says what the model is"));
    }
    if !has(TOKENIZER) {
        return Err(format!(
            "it has no {TOKENIZER}: save the tokenizer in its fast form, as transformers 4 and later \
             do, and put it into the repository"
        ));
    }
    let mut small = vec![CONFIG, TOKENIZER];
    small.extend(COMPANIONS.into_iter().filter(|name| has(name)));
    if weights == Weights::Indexed {
        small.push(INDEX);
    }
    Ok(Choice::Folder {
        small: small.into_iter().map(str::to_owned).collect(),
        weights,
    })
}

/// Why a repository without safetensors will not do.
fn without_weights(files: &[&str]) -> String {
    let is_other = |file: &&&str| OTHER_WEIGHTS.iter().any(|ending| file.ends_with(ending));
    if files.contains(&"adapter_config.json") {
        return "it is an adapter and no base model: name the base that it belongs to".to_owned();
    }
    if files.iter().any(|file| is_gguf(file)) {
        return format!("it has no safetensors{}", offer_gguf(files));
    }
    match files.iter().find(is_other) {
        Some(file) => format!(
            "its weights are only in a form that is not read ({file}), which may run code when it is \
             opened: name a revision or another repository with safetensors"
        ),
        None => "it has neither safetensors nor a GGUF file".to_owned(),
    }
}

/// The GGUF files of a repository, to be named; nothing where it has none.
fn offer_gguf(files: &[&str]) -> String {
    let mut found: Vec<&str> = files.iter().copied().filter(|file| is_gguf(file)).collect();
    found.sort_unstable();
    let more = if found.len() > NAMED_AT_MOST {
        " and others"
    } else {
        ""
    };
    found.truncate(NAMED_AT_MOST);
    if found.is_empty() {
        return String::new();
    }
    let list = found.join(", ");
    format!(": put a colon and one of its GGUF files behind its name: {list}{more}")
}

fn is_gguf(file: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

impl Weights {
    /// The files with the weights; `index` is what the index says, where there is one.
    pub(crate) fn files(self, index: Option<&Value>) -> Result<Vec<String>, String> {
        match self {
            Self::Single => Ok(vec![SINGLE.to_owned()]),
            Self::Indexed => shards(index.unwrap_or(&Value::Null)),
        }
    }
}

/// The files that an index names: safetensors beside it, whatever else it says.
fn shards(index: &Value) -> Result<Vec<String>, String> {
    let map = index.get("weight_map").and_then(Value::as_object);
    let names = map.into_iter().flatten().map(|(_, name)| name.as_str());
    let Some(mut names) = names.collect::<Option<Vec<&str>>>() else {
        return Err(format!("its {INDEX} is damaged"));
    };
    names.sort_unstable();
    names.dedup();
    let is_shard = |name: &str| {
        let is_plain = !name.contains(['/', '\\']) && !name.starts_with('.');
        is_plain && name.ends_with(".safetensors")
    };
    if names.is_empty() || !names.iter().all(|name| is_shard(name)) {
        return Err(format!("its {INDEX} names other files than safetensors"));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Choice, INDEX, Weights, choose};

    #[test]
    fn of_a_folder_only_what_is_read_is_chosen() {
        let files = [
            ".gitattributes",
            "README.md",
            "config.json",
            "model.safetensors",
            "onnx/model.onnx",
            "pytorch_model.bin",
            "tokenizer.json",
            "tokenizer_config.json",
            "training_args.bin",
            "modeling_other.py",
        ];
        let Choice::Folder { small, weights } = choose(&files, None).unwrap() else {
            panic!("no folder")
        };
        assert_eq!(
            small,
            ["config.json", "tokenizer.json", "tokenizer_config.json"]
        );
        assert_eq!(weights.files(None).unwrap(), ["model.safetensors"]);
    }

    #[test]
    fn shards_are_those_of_the_index() {
        let files = ["config.json", INDEX, "tokenizer.json"];
        let Choice::Folder { small, weights } = choose(&files, None).unwrap() else {
            panic!("no folder")
        };
        assert_eq!(
            (weights, small.last().unwrap().as_str()),
            (Weights::Indexed, INDEX)
        );
        let index = |map| json!({ "weight_map": map });
        let good = index(
            json!({ "a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors" }),
        );
        let names = weights.files(Some(&good)).unwrap();
        assert_eq!(names, ["m-1.safetensors", "m-2.safetensors"]);
        for map in [
            json!({}),
            json!({ "a": "../m.safetensors" }),
            json!({ "a": "m.bin" }),
            json!({ "a": 1 }),
        ] {
            assert!(weights.files(Some(&index(map.clone()))).is_err(), "{map}");
        }
    }

    #[test]
    fn what_will_not_do_says_why() {
        let refuse = |files: &[&str], file| choose(files, file).unwrap_err();
        let config = "config.json";
        let cases = [
            (
                refuse(&[config, "pytorch_model.bin"], None),
                "pytorch_model.bin",
            ),
            (refuse(&[config, "README.md"], None), "neither"),
            (
                refuse(&["adapter_config.json", "adapter_model.safetensors"], None),
                "adapter",
            ),
            (
                refuse(&[config, "model.safetensors"], None),
                "tokenizer.json",
            ),
            (
                refuse(&["tokenizer.json", "model.safetensors"], None),
                "config.json",
            ),
            (
                refuse(&["a.Q4_K_M.gguf", "a.Q8_0.gguf"], None),
                "a.Q4_K_M.gguf, a.Q8_0.gguf",
            ),
            (refuse(&["a.gguf"], Some("b.gguf")), "a.gguf"),
            (
                refuse(&["a-00001-of-00002.gguf"], Some("a-00001-of-00002.gguf")),
                "one part",
            ),
        ];
        for (message, word) in cases {
            assert!(message.contains(word), "{message}");
        }
        assert_eq!(
            choose(&["a.gguf"], Some("a.gguf")).unwrap(),
            Choice::Gguf("a.gguf".to_owned())
        );
    }
}
