// Says when this device may have come to another network, as far as the browser knows.

const LOOK_EVERY = 1000; // ms

// `changed` is called when it may have, and every second in which `dead` says that nothing is heard any more.
export function watchNetwork({ changed, dead, signal }) {
  const link = navigator.connection; // its "change" also tells of speeds, which come and go
  let kind = link?.type;
  window.addEventListener("online", changed, { signal });
  link?.addEventListener?.(
    "change",
    () => {
      if (link.type !== kind) changed();
      kind = link.type;
    },
    { signal },
  );
  const looking = setInterval(() => dead() && changed(), LOOK_EVERY);
  signal.addEventListener("abort", () => clearInterval(looking));
}
