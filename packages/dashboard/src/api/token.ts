/** Forgotten when the tab closes: a token in a browser should not outlive its use. */
const KEY = 'murmur-token';

/** The gateway's token, where it asks for one (not on loopback) and the user gave it. */
export function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps `token` for this tab and starts over with it. */
export function signInWith(token: string): void {
  sessionStorage.setItem(KEY, token);
  window.location.reload();
}
