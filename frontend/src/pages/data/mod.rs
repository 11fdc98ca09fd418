//! What is there to learn from? Datasets: brought in, looked through, edited, cut into versions.
//!
//! | module | what it draws |
//! | --- | --- |
//! | [`list`], [`new_dataset`] | the datasets |
//! | [`import`], [`columns`], [`start_import`] | bringing in a file, until the import starts |
//! | [`report`], [`rejections`] | how an import goes |
//! | [`dataset`], [`draft`], [`versions`], [`imports`] | one dataset and its tabs |
//! | [`version`] | one version |
//! | [`filter`], [`rows`], [`row_editor`], [`turn_list`] | rows, wherever they are |
//! | [`cut`] | cutting a version |

pub mod columns;
pub mod cut;
pub mod dataset;
pub mod draft;
pub mod filter;
pub mod import;
pub mod imports;
pub mod list;
pub mod new_dataset;
pub mod rejections;
pub mod report;
pub mod row_editor;
pub mod rows;
pub mod start_import;
pub mod turn_list;
pub mod version;
pub mod versions;

pub use dataset::DatasetPage;
pub use import::ImportPage;
pub use list::DataPage;
pub use report::ImportReportPage;
pub use version::VersionPage;
