// When a peer connection's own addresses are known, for pages that send them with their offer.

const GATHERING = 1500; // ms the browser has to find them

export function gathered(peer) {
  return new Promise((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
    setTimeout(resolve, GATHERING);
  });
}
