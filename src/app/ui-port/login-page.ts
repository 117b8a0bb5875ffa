/** What the login page says. */
export interface LoginPage {
  /** Below the base path, where the login leads. */
  readonly next: string;
  /** Users have passwords: their names are asked for too. */
  readonly asksForUser: boolean;
  /** Why the last attempt failed. */
  readonly problem: string | undefined;
}

/** Works without script; all its addresses are relative, as a reverse proxy may have taken off any path. */
export function loginPage({ next, asksForUser, problem }: LoginPage): string {
  const said = problem === undefined ? "" : `<p class="problem" role="alert">${escaped(problem)}</p>`;
  const user = asksForUser
    ? `<label for="user">User <small>— leave empty for a token</small></label>
        <input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus>`
    : "";
  return page(
    "",
    `<main>
      <h1>Spanloom</h1>
      <p>This collector asks who reads it.</p>
      ${said}
      <form method="post" action="./login">
        <input type="hidden" name="next" value="${escaped(next)}">
        ${user}
        <label for="secret">${asksForUser ? "Password or token" : "Token"}</label>
        <input id="secret" name="secret" type="password" autocomplete="current-password" required${asksForUser ? "" : " autofocus"}>
        <button>Log in</button>
      </form>
    </main>`,
  );
}

/**
 * A page that asks for the login once more by itself. A browser that follows a link of another site keeps the session
 * back; what this page asks for, it sends it with.
 */
export function askAgainPage(next: string): string {
  const address = `./login?again=1&amp;next=${encodeURIComponent(next)}`;
  return page(`<meta http-equiv="refresh" content="0;url=${address}">`, `<main><a href="${address}">Log in</a></main>`);
}

function page(head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Log in · Spanloom</title>
    ${head}
    <script src="./login/theme.js"></script>
    <link rel="stylesheet" href="./login/style.css">
  </head>
  <body>
    ${body}
  </body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The colours are those of web/src/styles/tokens.css, which nobody gets who has not logged in. */
export const LOGIN_STYLE = `:root { color-scheme: light dark; }
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  display: grid;
  place-items: center;
  padding: 16px;
  background: light-dark(#f4f6f8, #0e1318);
  color: light-dark(#15202b, #e7ecf1);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
main {
  width: min(360px, 100%);
  padding: 24px;
  border: 1px solid light-dark(#d8dee5, #2a343f);
  border-radius: 6px;
  background: light-dark(#ffffff, #151b22);
}
h1 { margin: 0; font-size: 20px; }
p { margin: 4px 0 16px; color: light-dark(#435061, #b4bfcb); }
.problem {
  padding: 8px 12px;
  border-radius: 6px;
  background: light-dark(#fdecec, #3a1d1f);
  color: light-dark(#b3202c, #ff8a84);
}
form { display: grid; gap: 6px; }
label { font-weight: 600; }
small { font-weight: 400; color: light-dark(#586575, #97a4b3); }
input {
  width: 100%;
  margin-bottom: 10px;
  padding: 8px 10px;
  border: 1px solid light-dark(#7d8998, #6a7989);
  border-radius: 6px;
  background: transparent;
  color: inherit;
  font: inherit;
}
button {
  padding: 9px;
  border: 0;
  border-radius: 6px;
  background: light-dark(#13617d, #62c4dc);
  color: light-dark(#ffffff, #06222b);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
:focus-visible { outline: 2px solid light-dark(#0b6fa4, #7cd0ff); outline-offset: 1px; }
`;
