//! What everybody sees while a part of the service is away: pages that were open before, and those that are opened then.

use std::path::Path;

use anyhow::{Context, Result};

use super::camera::Camera;
use super::counter;
use super::data::{Data, HASTY_STORE, SKU, STORE};
use super::shopper::{self, product};
use crate::browser::{Chromium, Look};
use crate::service::{Service, Spec};
use crate::stack::Stack;

/// What trouble is looked at in: each size and language, in the light and in the dark.
const LOOKS: [Look; 4] = [
    Look::phone("ja"),
    Look::desk("en"),
    Look { dark: true, ..Look::phone("en") },
    Look { dark: true, ..Look::desk("ja") },
];
/// Age from which on an answer is late here, in seconds: a quiet stream's is three.
const LATE: &str = "8";
/// Where no database is.
const NOWHERE: &str = "mysql://nobody@127.0.0.1:1/nowhere";

/// Takes the pictures of trouble; answers how many there are.
pub(super) async fn take(stack: &mut Stack, chromium: &Chromium, data: &Data, dir: &Path) -> Result<usize> {
    let usual = with(stack.query_api.spec(), "STALE_SECONDS", LATE);
    restart(&mut stack.query_api, usual.clone()).await?;
    let hasty = place_in_haste(stack, chromium, data, dir).await?;
    let mut taken = 0;
    for look in LOOKS {
        let windows = Windows::open(stack, chromium, look, dir).await?;
        windows.see_what_is_late(stack).await?;
        windows.see_lookups_fail(stack, &usual).await?;
        windows.see_commands_fail(stack).await?;
        windows.phone.window.go("about:blank").await?;
        windows.phone.window.go(&hasty).await?;
        windows.phone.window.until("document.querySelector('.status.expired')").await?;
        windows.phone.keep("hold-expired").await?;
        taken += windows.close().await?;
    }
    Ok(taken)
}

/// A hold that is soon over: the address of its page.
async fn place_in_haste(stack: &Stack, chromium: &Chromium, data: &Data, dir: &Path) -> Result<String> {
    data.keep_for_a_minute().await?;
    let phone = Camera::new(stack, chromium, Look::phone("en"), dir).await?;
    shopper::place_in(&phone, HASTY_STORE).await?;
    let hold = address(&phone).await?;
    phone.close().await?;
    Ok(hold)
}

/// Windows that are open before anything goes wrong.
struct Windows {
    /// With a product.
    phone: Camera,
    /// With a hold.
    holder: Camera,
    /// With the day's screen.
    counter: Camera,
}

impl Windows {
    async fn open(stack: &Stack, chromium: &Chromium, look: Look, dir: &Path) -> Result<Self> {
        let camera = || Camera::new(stack, chromium, look, dir);
        let (phone, holder, counter) = (camera().await?, camera().await?, camera().await?);
        shopper::place_in(&phone, STORE).await?;
        holder.window.go(&address(&phone).await?).await?;
        holder.window.until("document.querySelector('[data-lines] a')").await?;
        phone.go(&product(SKU)).await?;
        counter.go("/staff").await?;
        counter::sign_in_as(&counter, "Sato").await?;
        counter.window.until("document.querySelector('#held-list .hold')").await?;
        Ok(Self { phone, holder, counter })
    }

    /// The relay stands still for a while.
    async fn see_what_is_late(&self, stack: &mut Stack) -> Result<()> {
        let Self { phone, holder, counter } = self;
        let relay = stack.outbox_relay.spec().clone();
        stack.outbox_relay.stop().await?;
        for (camera, name) in [(phone, "product-late"), (holder, "hold-late"), (counter, "staff-late")] {
            camera.window.until("document.querySelector('#notices [data-kind=stale]')").await?;
            camera.keep(name).await?;
        }
        stack.outbox_relay = Service::start(relay).await?;
        for camera in [phone, holder, counter] {
            camera.window.until("!document.querySelector('#notices *')").await?;
        }
        Ok(())
    }

    /// The query API has no database for a while.
    async fn see_lookups_fail(&self, stack: &mut Stack, usual: &Spec) -> Result<()> {
        let Self { phone, holder, counter } = self;
        restart(&mut stack.query_api, with(usual, "MYSQL_URL", NOWHERE)).await?;
        phone.window.value("dispatchEvent(new Event('online'))").await?;
        for (camera, kind, name) in [
            (phone, "stale", "product-unavailable"),
            (holder, "offline", "hold-unavailable"),
            (counter, "stale", "staff-unavailable"),
        ] {
            camera.window.until(&format!("document.querySelector('#notices [data-kind={kind}]')")).await?;
            camera.keep(name).await?;
        }
        phone.visit(&product(SKU), "unavailable").await?;
        restart(&mut stack.query_api, usual.clone()).await
    }

    /// The command API is away for a while.
    async fn see_commands_fail(&self, stack: &mut Stack) -> Result<()> {
        let commands = at_its_port(&stack.command_api);
        stack.command_api.stop().await?;
        shopper::ask_in_vain(&self.phone, HASTY_STORE).await?;
        stack.command_api = Service::start(commands).await?;
        Ok(())
    }

    /// Gives up the hold: a customer may have so many and no more.
    async fn close(self) -> Result<usize> {
        self.holder.window.until("!document.querySelector('#notices *')").await?;
        shopper::give_up(&self.holder).await?;
        let mut taken = 0;
        for camera in [self.phone, self.holder, self.counter] {
            taken += camera.close().await?;
        }
        Ok(taken)
    }
}

async fn address(camera: &Camera) -> Result<String> {
    let address = camera.window.value("location.href").await?;
    Ok(address.as_str().context("a page has no address")?.to_owned())
}

/// The same service with one more variable, which counts for more than one of the same name.
fn with(spec: &Spec, name: &str, value: &str) -> Spec {
    let mut spec = spec.clone();
    spec.environment.push((name.to_owned(), value.to_owned()));
    spec
}

/// The same service where it listens now, which pages that are open know.
fn at_its_port(service: &Service) -> Spec {
    let mut spec = service.spec().clone();
    if let Some(address) = spec.arguments.last_mut() {
        *address = service.base_url().trim_start_matches("http://").to_owned();
    }
    spec
}

async fn restart(service: &mut Service, spec: Spec) -> Result<()> {
    service.stop().await?;
    *service = Service::start(spec).await?;
    Ok(())
}
