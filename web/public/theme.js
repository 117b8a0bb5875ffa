// Runs before the first paint: the page is never shown in another theme than the one that was chosen, nor times of
// another zone. The names are those of web/src/shell/theme.ts and web/src/shell/time-zone.ts.
try {
  const { dataset } = document.documentElement;
  const theme = localStorage.getItem("spanloom.theme");
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  if (localStorage.getItem("spanloom.zone") === "utc") dataset.zone = "utc";
} catch {
  // Storage is refused: nothing was chosen.
}
