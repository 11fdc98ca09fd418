//! The macros that keep a word, its enum variant and its documentation in one place.

/// Defines an enum whose variants have one text form, used in JSON, in the database and in addresses.
///
/// Generates `ALL`, `as_str`, `Display`, `FromStr`, `TryFrom<String>` and serde by that text.
#[macro_export]
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $text)] $variant, )+
        }

        impl $name {
            /// Every variant, in the order of its definition.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The text form, as in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $text => Ok(Self::$variant), )+
                    _ => Err(format!(
                        "`{text}` is not one of {}",
                        Self::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "),
                    )),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    };
}

/// Defines a configuration struct whose fields carry their documentation and default with them.
///
/// The doc comment of each field is at once the rustdoc, the help text of the web form and the
/// description in the OpenAPI document; the value after `=` is the default for files, the API and
/// the form. Generates `Default` and `fields()`.
#[macro_export]
macro_rules! documented {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])+ pub $field:ident: $type:ty = $default:expr, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// The fields in their order, with documentation and default.
            #[must_use]
            pub fn fields() -> Vec<$crate::training::FieldDoc> {
                let default = Self::default();
                vec![ $( $crate::training::FieldDoc {
                    name: stringify!($field),
                    doc: [$($doc),+].map(str::trim).join(" "),
                    default: serde_json::to_value(&default.$field).unwrap_or_default(),
                }, )+ ]
            }
        }
    };
}
