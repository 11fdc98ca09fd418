//! What a run trains.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::AdapterConfig;

/// The word that stands in place of an adapter's settings where all weights are trained.
const NONE: &str = "none";

/// What a run trains: in files and on the wire the settings of an adapter, or `"none"`.
#[derive(Clone, Debug, PartialEq)]
pub enum Trained {
    /// A low-rank adapter; the base stays frozen.
    Adapter(AdapterConfig),
    /// All weights of the base, and no adapter.
    AllWeights,
}

impl Trained {
    /// The settings of the adapter, if one is trained.
    #[must_use]
    pub const fn adapter(&self) -> Option<&AdapterConfig> {
        match self {
            Self::Adapter(adapter) => Some(adapter),
            Self::AllWeights => None,
        }
    }

    /// The same, to change them.
    #[must_use]
    pub const fn adapter_mut(&mut self) -> Option<&mut AdapterConfig> {
        match self {
            Self::Adapter(adapter) => Some(adapter),
            Self::AllWeights => None,
        }
    }

    /// Whether all weights are trained.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::AllWeights)
    }
}

impl Default for Trained {
    fn default() -> Self {
        Self::Adapter(AdapterConfig::default())
    }
}

impl From<AdapterConfig> for Trained {
    fn from(adapter: AdapterConfig) -> Self {
        Self::Adapter(adapter)
    }
}

impl Serialize for Trained {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Adapter(adapter) => adapter.serialize(serializer),
            Self::AllWeights => serializer.serialize_str(NONE),
        }
    }
}

impl<'de> Deserialize<'de> for Trained {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Trained;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the settings of an adapter, or \"{NONE}\" to train all weights"
        )
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Trained, E> {
        if word == NONE {
            Ok(Trained::AllWeights)
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
        }
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Trained, M::Error> {
        AdapterConfig::deserialize(MapAccessDeserializer::new(map)).map(Trained::Adapter)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Trained {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

        let word = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([NONE]))
            .description(Some("All weights of the base are trained."));
        OneOfBuilder::new()
            .item(utoipa::openapi::Ref::from_schema_name("AdapterConfig"))
            .item(word)
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Trained {
    fn schemas(
        schemas: &mut Vec<(
            String,
            utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
        )>,
    ) {
        use utoipa::PartialSchema as _;

        schemas.push(("AdapterConfig".to_owned(), AdapterConfig::schema()));
        <AdapterConfig as utoipa::ToSchema>::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::training::TrainingConfig;

    #[test]
    fn an_adapter_is_written_as_its_settings_and_its_absence_as_a_word() {
        let default = serde_json::to_value(TrainingConfig::default()).unwrap();
        assert_eq!(default["adapter"]["rank"], 16);
        let read = |value| serde_json::from_value::<TrainingConfig>(value);
        assert_eq!(read(default).unwrap(), TrainingConfig::default());
        assert_eq!(read(json!({})).unwrap().adapter, Trained::default());
        let partial = read(json!({ "adapter": { "rank": 3 } })).unwrap();
        assert_eq!(partial.adapter.adapter().unwrap().rank, 3);
        let whole = read(json!({ "adapter": "none" })).unwrap();
        assert_eq!(whole.adapter, Trained::AllWeights);
        assert_eq!(serde_json::to_value(&whole).unwrap()["adapter"], "none");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let fail = |value| {
            let error = serde_json::from_value::<Trained>(value).unwrap_err();
            error.to_string()
        };
        assert!(fail(json!({ "rnak": 3 })).contains("unknown field `rnak`"));
        assert!(fail(json!("all")).contains("\"none\" to train all weights"));
        assert!(fail(json!(7)).contains("\"none\" to train all weights"));
    }
}
