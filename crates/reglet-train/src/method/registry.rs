//! The methods by name. To add a method, add its file and one line here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Augmentation, Balanced, CorrectionMethod, Dfr, GroupDro, Jtt, Leace, PClarc, RrClarc, Rrr, Vanilla,
};

/// Defines [`Method`] and [`Methods`] from one line for each method.
macro_rules! registry {
    ($($method:ident as $name:ident),+ $(,)?) => {
        /// A method with its parameters.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "name", rename_all = "snake_case")]
        pub enum Method {
            $(#[doc = concat!("See [`", stringify!($method), "`].")] $method($method),)+
        }

        impl Method {
            /// The names of all methods.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Every method with its default parameters.
            pub fn all() -> Vec<Method> {
                vec![$(Method::$method($method::default())),+]
            }

            /// The name in configs, results and file names.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Method::$method(_) => stringify!($name),)+
                }
            }

            /// The method itself.
            pub fn get(&self) -> &dyn CorrectionMethod {
                match self {
                    $(Method::$method(method) => method,)+
                }
            }
        }

        /// A choice of methods, each with its parameters: the table `[methods]` of a config. Methods that are not listed are
        /// not used.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Methods {
            $(
                #[doc = concat!("See [`", stringify!($method), "`].")]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$method>,
            )+
        }

        impl Methods {
            /// The methods that were chosen.
            pub fn chosen(self) -> Vec<Method> {
                let mut chosen = Vec::new();
                $(chosen.extend(self.$name.map(Method::$method));)+
                chosen
            }
        }
    };
}

registry! {
    Vanilla as vanilla,
    Balanced as balanced,
    GroupDro as group_dro,
    Jtt as jtt,
    Augmentation as augmentation,
    Dfr as dfr,
    PClarc as p_clarc,
    Leace as leace,
    RrClarc as rr_clarc,
    Rrr as rrr,
}
