// Signing in by OpenID Connect: authorization code with PKCE, as a public client. Tokens are kept for this tab alone, and
// stand in no address.

import { oidcClientId, oidcIssuer } from "./page.js";

const SESSION = "staff:session";
const BEGUN = "staff:begun";
/** So long before its end a token is given up, in milliseconds: a command under way must still be taken. */
const MARGIN = 30000;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** What a token says. Who signed it is for the services to check. */
function claims(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0))));
}

async function discover() {
  const response = await fetch(`${oidcIssuer}/.well-known/openid-configuration`, { credentials: "omit" });
  const found = await response.json();
  if (found.issuer !== oidcIssuer) throw new Error("another issuer");
  return found;
}

const redirectUri = () => `${location.origin}/staff/signed-in`;

export const canSignIn = () => oidcIssuer !== "" && oidcClientId !== "";

/** Leaves for the issuer; whoever comes back goes on at `returnTo`. */
export async function signIn(returnTo) {
  const found = await discover();
  const begun = { verifier: random(), state: random(), nonce: random(), returnTo };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const query = new URLSearchParams({
    client_id: oidcClientId,
    redirect_uri: redirectUri(),
    response_type: "code",
    scope: "openid",
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await challenge(begun.verifier),
    code_challenge_method: "S256",
  });
  location.assign(`${found.authorization_endpoint}?${query}`);
}

/** Back from the issuer: exchanges the code for tokens, and answers where to go on. */
export async function finish() {
  const answer = new URLSearchParams(location.search);
  // The code is good once, but no entry of the history needs it.
  history.replaceState(null, "", location.pathname);
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) ?? "null");
  sessionStorage.removeItem(BEGUN);
  if (!begun || answer.get("state") !== begun.state || !answer.get("code")) throw new Error("not begun here");
  if (answer.has("iss") && answer.get("iss") !== oidcIssuer) throw new Error("another issuer");
  const found = await discover();
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: oidcClientId,
    code: answer.get("code"),
    redirect_uri: redirectUri(),
    code_verifier: begun.verifier,
  });
  const response = await fetch(found.token_endpoint, { method: "POST", body: form, credentials: "omit" });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const tokens = await response.json();
  const who = claims(tokens.id_token);
  if (who.nonce !== begun.nonce || who.iss !== oidcIssuer || ![who.aud].flat().includes(oidcClientId)) {
    throw new Error("a token for somebody else");
  }
  const until = Date.now() + tokens.expires_in * 1000;
  sessionStorage.setItem(SESSION, JSON.stringify({ token: tokens.access_token, until, name: who.name ?? who.sub }));
  return begun.returnTo.startsWith("/staff") ? begun.returnTo : "/staff";
}

/** Who is signed in, or nobody: `{ authorization, name, brand, roles, stores }`. */
export function session() {
  const kept = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
  if (!kept || kept.until - MARGIN < Date.now()) return null;
  const { brand, roles = [], stores = [] } = claims(kept.token);
  return { authorization: `Bearer ${kept.token}`, name: kept.name, brand, roles, stores };
}

/** Nobody is signed in any more. */
class SignedOut extends Error {}

/** Who asks, for a request. Without it, a command would be carried out as a guest's. */
export function authorization() {
  const who = session();
  if (!who) throw new SignedOut();
  return who.authorization;
}

/** Whether something failed because nobody is signed in any more; then the screen is told. */
export function isSignedOut(error) {
  const is = error instanceof SignedOut || error.status === 401;
  if (is) document.dispatchEvent(new Event("signed-out"));
  return is;
}

/** Forgets who is signed in here. */
export function forget() {
  sessionStorage.removeItem(SESSION);
}

/** Signs out here and at the issuer. */
export async function signOut() {
  forget();
  const { end_session_endpoint: end } = await discover().catch(() => ({}));
  const back = `${location.origin}/staff`;
  const query = new URLSearchParams({ client_id: oidcClientId, post_logout_redirect_uri: back });
  location.assign(end ? `${end}?${query}` : back);
}
