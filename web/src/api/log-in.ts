/** As the collector names the cookie by which pages know that somebody has logged in. */
const USER_COOKIE = "spanloom-user";

/** Who has logged in; undefined where nobody has to, or the session is another's, such as a reverse proxy's. */
export function loggedIn(cookies = document.cookie): string | undefined {
  const value = new RegExp(`(?:^|; )${USER_COOKIE}=([^;]+)`).exec(cookies)?.[1];
  return value === undefined ? undefined : decodeURIComponent(value);
}
