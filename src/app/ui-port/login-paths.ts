/** What the UI port shows to somebody who is not known yet, below the base path: the login and what its page needs. */
export const LOGIN_PATHS: readonly string[] = ["/login", "/login/style.css", "/login/theme.js", "/logout"];
