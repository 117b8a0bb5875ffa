import { apiUrl } from "../api/client.ts";
import { loggedIn } from "../api/log-in.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";

/** Where somebody has logged in: the way out. A form, so that the answer leads the whole page to the login. */
export function LogOutButton() {
  const user = loggedIn();
  if (user === undefined) return null;
  const label = `Log out ${user}`;
  return (
    <form method="post" action={apiUrl("logout")}>
      <IconButton type="submit" title={label} aria-label={label}>
        <Icon name="leave" />
      </IconButton>
    </form>
  );
}
