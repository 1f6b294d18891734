"""The sync expert learns which lips belong to which sound."""

import torch

from avatar.models.sync_expert import MOUTH_FRAMES, SyncExpert, SyncExpertConfig, contrastive_loss


def test_contrastive_loss_falls_when_pairs_match() -> None:
    vectors = torch.eye(4)
    matched = contrastive_loss(vectors, vectors)
    assert matched < 0.01
    assert contrastive_loss(vectors, vectors.roll(1, 0)) > 5


def test_expert_learns_a_lip_that_follows_the_sound() -> None:
    torch.manual_seed(0)
    expert = SyncExpert(SyncExpertConfig(features=2, embedding=8, width=4))
    optimiser = torch.optim.Adam(expert.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loudness = torch.rand(12, MOUTH_FRAMES, 1)
        lips = loudness[..., None, None].expand(-1, -1, 3, 16, 24)
        features = torch.cat([loudness, 1 - loudness], dim=-1)
        loss = contrastive_loss(expert.embed_mouth(lips), expert.embed_speech(features))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
