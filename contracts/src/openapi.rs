//! The schemas of what both APIs speak of, with the bounds that the parsers keep.

use std::borrow::Cow;

use utoipa::openapi::schema::{
    AdditionalProperties, AllOf, AnyOf, Array, Object, ObjectBuilder, OneOf, Schema, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::hours::{Days7, MAX_SPANS, MAX_SPECIAL_DAYS};
use crate::id::{MAX_CODE, MAX_SLUG, MIN_SLUG};
use crate::policy::{MAX_ACTIVE_HOLDS, MAX_MINUTES, MAX_PIECES, Raw};
use crate::problem::Code;
use crate::{
    HoldPolicy, Lasts, Level, LocalTime, OpeningHours, PickupCode, ProductCode, Quantity, ReservationId, Sku,
    Span, SpecialDay, StoreId, Text, Until,
};

/// What a text of people may not hold, as the inside of a character class.
const CONTROL: &str = r"\u0000-\u001F\u007F-\u009F";

/// A text of people in one language: not blank, and no control characters.
#[must_use]
pub fn words(max_chars: usize) -> Object {
    Object::builder()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(max_chars))
        .pattern(Some(format!(r"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$")))
        .build()
}

/// The same schema for what may also be `null`.
#[must_use]
pub fn or_null(mut schema: Object) -> Object {
    if let SchemaType::Type(one) = schema.schema_type {
        schema.schema_type = [one, Type::Null].into_iter().collect();
    }
    schema
}

/// A list of what has this schema.
#[must_use]
pub fn list<T: ToSchema>(min: usize, max: usize) -> Array {
    Array::builder()
        .items(Ref::from_schema_name(T::name()))
        .min_items((min > 0).then_some(min))
        .max_items(Some(max))
        .build()
}

fn whole(min: u32, max: u32) -> ObjectBuilder {
    Object::builder()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(min))
        .maximum(Some(max))
}

pub(crate) fn spans() -> Array {
    list::<Span>(0, MAX_SPANS)
}

pub(crate) fn special_days() -> Array {
    let mut days = list::<SpecialDay>(0, MAX_SPECIAL_DAYS);
    days.description =
        Some("Dates on which the store keeps other hours, or none; each date once.".to_owned());
    days
}

pub(crate) fn pieces() -> Object {
    whole(1, MAX_PIECES)
        .default(Some(MAX_PIECES.into()))
        .description(Some("Most pieces that one hold may ask for."))
        .build()
}

pub(crate) fn active_holds() -> Object {
    let says = "Most running holds that a customer of the brand may have when placing one here; any number where it is \
                left out.";
    or_null(whole(1, MAX_ACTIVE_HOLDS).description(Some(says)).build())
}

fn branded_id(what: &str, example: &str) -> Object {
    Object::builder()
        .schema_type(Type::String)
        .pattern(Some(format!(r"^[a-z0-9-]{{{MIN_SLUG},{MAX_SLUG}}}\.[A-Za-z0-9_-]{{1,{MAX_CODE}}}$")))
        .description(Some(format!("{what}: the brand's slug, a dot, and the brand's own code.")))
        .examples([example])
        .build()
}

/// Exactly one member, as each choice of an enum that is told by its name.
fn choice(name: &str, schema: impl Into<RefOr<Schema>>) -> Object {
    Object::builder()
        .property(name, schema)
        .required(name)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

macro_rules! schemas {
    ($($name:ident => $schema:expr;)+) => { $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                Schema::from($schema).into()
            }
        }

        impl ToSchema for $name {}
    )+ };
}

schemas! {
    StoreId => branded_id("A physical shop", "hinata.ginza-01");
    ProductCode => branded_id("A style (品番)", "hinata.KN1021");
    Sku => branded_id("What is counted, product × colour × size", "hinata.KN1021-BLK-M");
    ReservationId => Object::builder()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .description(Some("One customer's hold in one store: a UUIDv7, so ids sort by the time they were made."))
        .examples(["0192f0c1-2d3e-7a4b-8c5d-6e7f80910213"])
        .build();
    PickupCode => Object::builder()
        .schema_type(Type::String)
        .pattern(Some("^[0-9A-Za-z -]{6,12}$"))
        .description(Some(
            "Names a hold at the counter. It follows from the hold's id, and proves nothing. Small letters, spaces and \
             hyphens are taken, and `O`, `I` and `L` for `0` and `1`.",
        ))
        .examples(["7KM4Q9"])
        .build();
    Quantity => whole(1, Self::MAX).description(Some("Pieces of one SKU that a line asks for."));
    Level => whole(0, Self::MAX).description(Some("Pieces of one SKU in one store."));
    LocalTime => Object::builder()
        .schema_type(Type::String)
        .pattern(Some("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))
        .description(Some("A time on the store's clock; 24:00 is the end of the day."))
        .examples(["10:30"])
        .build();
    Text => text();
    Until => Object::builder()
        .schema_type(Type::String)
        .enum_values(Some(["closing", "next_day_closing"]))
        .description(Some(
            "Until which closing time: that of the same day, or of the next open day where the store is closed \
             already; or always that of the next open day.",
        ))
        .build();
}

fn text() -> AllOf {
    let language = || or_null(words(Text::MAX_CHARS));
    let languages = Object::builder()
        .property("ja", language())
        .property("en", language())
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let given = |name: &str| Object::builder().property(name, Object::with_type(Type::String)).required(name);
    AllOf::builder()
        .item(languages)
        .item(AnyOf::builder().item(given("ja")).item(given("en")))
        .description(Some("A text in Japanese, English or both."))
        .build()
}

impl PartialSchema for Lasts {
    fn schema() -> RefOr<Schema> {
        let minutes = choice("minutes", whole(1, MAX_MINUTES));
        let until = choice("until", Ref::from_schema_name(Until::name()));
        Schema::from(
            OneOf::builder()
                .item(minutes)
                .item(until)
                .description(Some("How long a hold lasts: so many minutes, or until the store closes.")),
        )
        .into()
    }
}

impl ToSchema for Lasts {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Until::name().into_owned(), Until::schema()));
    }
}

impl PartialSchema for OpeningHours {
    fn schema() -> RefOr<Schema> {
        Days7::schema()
    }
}

impl ToSchema for OpeningHours {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Span::name().into_owned(), Span::schema()));
        schemas.push((SpecialDay::name().into_owned(), SpecialDay::schema()));
        Span::schemas(schemas);
        Days7::schemas(schemas);
    }
}

impl PartialSchema for HoldPolicy {
    fn schema() -> RefOr<Schema> {
        Raw::schema()
    }
}

impl ToSchema for HoldPolicy {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Raw::schemas(schemas);
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        Schema::from(
            Object::builder()
                .schema_type(Type::String)
                .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
                .description(Some("What went wrong. A code never changes its meaning.")),
        )
        .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken<T: serde::de::DeserializeOwned + ToSchema>() {
        let RefOr::T(Schema::Object(schema)) = T::schema() else { panic!("{} is no object", T::name()) };
        for example in schema.examples.into_iter().chain(schema.enum_values.into_iter().flatten()) {
            assert!(serde_json::from_value::<T>(example.clone()).is_ok(), "{}: {example}", T::name());
        }
    }

    #[test]
    fn what_a_schema_names_is_taken() {
        taken::<StoreId>();
        taken::<ProductCode>();
        taken::<Sku>();
        taken::<ReservationId>();
        taken::<LocalTime>();
        taken::<Until>();
    }
}
