// Loaded before the first paint, so that the page does not flash in the other theme.
{
  const chosen = localStorage.getItem("lichtbild.theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
