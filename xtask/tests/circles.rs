//! No two files of a crate use each other, directly or through others. A module may use what the modules that contain it define,
//! and these may use it: a module and its submodules are one place with several rooms.
//!
//! What a file uses is what its paths name: those of `use` and those written out, each followed through `pub use` to the file that
//! defines the item. Paths inside macro calls are not seen, and neither are tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemUse, UseTree, Visibility};

/// Circles that are meant, by crate and one of the files in it, with the reason.
const MEANT: [(&str, &str, &str); 1] = [(
    "reglet-attribution",
    "registry",
    "a method's parameters may contain other methods, selected by name from the list of all of them",
)];

/// The path of a module: the names after `crate::`.
type Module = Vec<String>;

/// What a file of Rust says about items of its crate.
#[derive(Default)]
struct Contents {
    /// The names that it defines.
    defined: BTreeSet<String>,
    /// The paths that it imports, with the names that it gives to them, and whether others see these.
    imported: Vec<(Vec<String>, String, bool)>,
    /// The paths that it writes out.
    written: Vec<Vec<String>>,
}

impl Contents {
    fn of(file: &File) -> Contents {
        let mut contents = Contents::default();
        contents.visit_file(file);
        contents
    }

    fn import(&mut self, tree: &UseTree, before: &[String], public: bool) {
        let path = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(tree) => self.import(&tree.tree, &path(&tree.ident), public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, public)),
            UseTree::Glob(_) => self.imported.push((before.to_vec(), "*".to_owned(), public)),
            UseTree::Name(name) if name.ident == "self" => {
                self.imported.push((before.to_vec(), before.last().cloned().unwrap_or_default(), public));
            }
            UseTree::Name(name) => self.imported.push((path(&name.ident), name.ident.to_string(), public)),
            UseTree::Rename(name) => self.imported.push((path(&name.ident), name.rename.to_string(), public)),
        }
    }
}

impl<'ast> Visit<'ast> for Contents {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name): (&[Attribute], _) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Mod(item) => (&item.attrs, item.content.is_some().then_some(&item.ident)),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => (&[], None),
        };
        let only_in = |name: &str| {
            attributes.iter().any(|attribute| {
                attribute.path().is_ident("cfg")
                    && attribute.parse_args::<syn::Ident>().is_ok_and(|flag| flag == name)
            })
        };
        if only_in("test") || only_in("doc") {
            return;
        }
        self.defined.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.written.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

/// The files of a crate by their modules.
struct Sources(BTreeMap<Module, Contents>);

impl Sources {
    fn of(folder: &Path) -> Sources {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(inner) = folders.pop() {
            for entry in fs::read_dir(&inner).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let place = path.strip_prefix(folder).expect("inside").with_extension("");
                    let mut module: Module =
                        place.iter().map(|part| part.to_str().expect("plain").to_owned()).collect();
                    if module.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
                        module.pop();
                    }
                    let text = fs::read_to_string(&path).expect("readable");
                    let file = syn::parse_file(&text).expect("Rust that compiles");
                    let contents = Contents::of(&file);
                    // A program beside a library is another crate of the same name.
                    let name = path.file_name().unwrap_or_default();
                    if name != "main.rs" || !folder.join("lib.rs").exists() {
                        files.insert(module, contents);
                    }
                }
            }
        }
        Sources(files)
    }

    /// The file that defines what a path names, as it is written in `module`; `None` if that is not in this crate.
    fn definer(&self, module: &[String], path: &[String], depth: usize) -> Option<Module> {
        let (mut place, mut rest): (Module, &[String]) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (module.to_vec(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                (module[..module.len().checked_sub(up)?].to_vec(), &path[up..])
            }
            first => {
                let child = [module, &[first.to_owned()]].concat();
                let imported = || self.0[module].imported.iter().find(|(_, name, _)| name == first);
                if !self.0.contains_key(&child) {
                    // A path that begins with an imported module.
                    let (import, ..) = imported().filter(|_| path.len() > 1 && depth > 0)?;
                    let whole = [import.as_slice(), &path[1..]].concat();
                    return self.definer(module, &whole, depth - 1);
                }
                (module.to_vec(), path)
            }
        };
        while let [first, others @ ..] = rest {
            let child = [place.as_slice(), std::slice::from_ref(first)].concat();
            if !self.0.contains_key(&child) {
                break;
            }
            (place, rest) = (child, others);
        }
        let Some(name) = rest.first() else { return Some(place) };
        let contents = self.0.get(&place)?;
        if contents.defined.contains(name) || depth == 0 {
            return Some(place);
        }
        let found = contents.imported.iter().find(|(_, given, _)| given == name);
        let followed = found.and_then(|(import, ..)| self.definer(&place, import, depth - 1));
        Some(followed.unwrap_or(place))
    }

    /// By file: those that it uses, but for the modules that contain it.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let edges = self.0.iter().map(|(module, contents)| {
            let imported = contents.imported.iter().filter(|(.., public)| !public).map(|(path, ..)| path);
            let used = imported.chain(&contents.written).filter_map(|path| self.definer(module, path, 8));
            let used = used.filter(|used| !module.starts_with(used));
            let used = used.map(|used| self.0.get_key_value(&used).expect("a file of the crate").0);
            (module, used.collect())
        });
        edges.collect()
    }

    /// The sets of files that can all be reached from each other.
    fn circles(&self) -> Vec<String> {
        let edges = self.edges();
        let reached = |from: &Module| {
            let mut reached = BTreeSet::new();
            let mut left: Vec<&Module> = edges[from].iter().copied().collect();
            while let Some(module) = left.pop() {
                if reached.insert(module) {
                    left.extend(&edges[module]);
                }
            }
            reached
        };
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            edges.keys().map(|module| (*module, reached(module))).collect();
        let circle = |module: &&Module| -> BTreeSet<&Module> {
            reached[*module].iter().copied().filter(|other| reached[other].contains(*module)).collect()
        };
        let circles: BTreeSet<BTreeSet<&Module>> =
            edges.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
        let told = circles.iter().map(|circle| {
            let lines = circle.iter().map(|module| {
                let used = edges[module].intersection(circle).map(|used| used.join("::"));
                format!("{} uses {}", module.join("::"), used.collect::<Vec<_>>().join(", "))
            });
            lines.collect::<Vec<_>>().join("; ")
        });
        told.collect()
    }
}

#[test]
fn no_two_files_use_each_other() {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates"));
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(crates).expect("the folder of crates") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_str().expect("plain").to_owned();
        for circle in Sources::of(&folder.join("src")).circles() {
            let meant = MEANT.iter().position(|(owner, file, _)| {
                *owner == name && circle.split("; ").any(|line| line.starts_with(&format!("{file} uses ")))
            });
            match meant {
                Some(place) => _ = seen.insert(place),
                None => found.push(format!("{name}: {circle}")),
            }
        }
    }
    assert!(found.is_empty(), "files that use each other:\n{}", found.join("\n"));
    assert_eq!(
        seen.len(),
        MEANT.len(),
        "a circle that was meant is no longer there; remove it from the list"
    );
}

#[test]
fn a_circle_is_found_through_imports_paths_and_exports() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("lib.rs", "mod a;\nmod b;\nmod c;\npub use b::Two;\n");
    write("a.rs", "use crate::Two;\npub struct One(Two);\n");
    write("b.rs", "pub struct Two;\nfn three() { crate::c::three(); }\n");
    write("c.rs", "pub fn three() {}\n#[cfg(test)]\nmod tests { use crate::a::One; }\n");
    assert!(Sources::of(folder.path()).circles().is_empty(), "tests do not count");
    write("c.rs", "use crate::a;\npub fn three(one: a::One) -> a::One { one }\n");
    assert_eq!(Sources::of(folder.path()).circles(), ["a uses b; b uses c; c uses a"]);
}
