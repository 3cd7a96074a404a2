//! Compiles the protobuf contract with protox, so that no `protoc` has to be installed.
//!
//! Twice: as it is, for our own code; and without what no other service may see, as a descriptor for the JSON form.

use std::collections::HashSet;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use prost_types::{DescriptorProto, FileDescriptorSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = ["torioki/events/v1/events.proto"];
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    let descriptors = compiler.file_descriptor_set();
    prost_build::Config::new().compile_fds(descriptors.clone())?;

    let private = compiler.descriptor_pool().all_messages().flat_map(|message| private(&message)).collect();
    let public = std::path::PathBuf::from(std::env::var("OUT_DIR")?).join("public.bin");
    std::fs::write(public, without(descriptors, &private).encode_to_vec())?;
    Ok(())
}

/// The fields of a message that are marked, by their whole names.
fn private(message: &MessageDescriptor) -> Vec<String> {
    let is_marked = |options: DynamicMessage| {
        options.get_field_by_name("debug_redact").is_some_and(|marked| marked.as_bool() == Some(true))
    };
    let marked = message.fields().filter(|field| is_marked(field.options()));
    marked.map(|field| field.full_name().to_owned()).collect()
}

fn without(mut descriptors: FileDescriptorSet, private: &HashSet<String>) -> FileDescriptorSet {
    for file in &mut descriptors.file {
        // Comments are found by the place of what they are about, which is another now.
        file.source_code_info = None;
        let package = file.package().to_owned();
        for message in &mut file.message_type {
            remove(message, &package, private);
        }
    }
    descriptors
}

fn remove(message: &mut DescriptorProto, scope: &str, private: &HashSet<String>) {
    let name = format!("{scope}.{}", message.name());
    message.field.retain(|field| !private.contains(&format!("{name}.{}", field.name())));
    for nested in &mut message.nested_type {
        remove(nested, &name, private);
    }
}
