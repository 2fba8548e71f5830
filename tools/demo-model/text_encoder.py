"""The text encoder: `CLIPTextModel` with quick_gelu, any size."""
import torch
from torch import nn


class ClipLayer(nn.Module):
    def __init__(self, d, heads, inner):
        super().__init__()
        self.self_attn = nn.ModuleDict({k: nn.Linear(d, d) for k in ("k_proj", "v_proj", "q_proj", "out_proj")})
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(d, inner), "fc2": nn.Linear(inner, d)})
        self.heads = heads

    def forward(self, x, mask):
        b, n, d = x.shape
        y, a = self.layer_norm1(x), self.self_attn
        split = lambda t: t.view(b, n, self.heads, -1).transpose(1, 2)
        q, k, v = split(a["q_proj"](y)), split(a["k_proj"](y)), split(a["v_proj"](y))
        s = (q @ k.transpose(-1, -2)) * (d // self.heads) ** -0.5 + mask
        x = x + a["out_proj"]((s.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))
        h = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](h * torch.sigmoid(1.702 * h))


class CLIPTextModel(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["hidden_size"]
        root = nn.Module()
        root.embeddings = nn.Module()
        root.embeddings.token_embedding = nn.Embedding(cfg["vocab_size"], d)
        root.embeddings.position_embedding = nn.Embedding(cfg["max_position_embeddings"], d)
        root.encoder = nn.Module()
        root.encoder.layers = nn.ModuleList(
            [ClipLayer(d, cfg["num_attention_heads"], cfg["intermediate_size"]) for _ in range(cfg["num_hidden_layers"])])
        root.final_layer_norm = nn.LayerNorm(d)
        self.text_model = root
        nn.init.normal_(root.embeddings.token_embedding.weight, std=0.02)
        nn.init.normal_(root.embeddings.position_embedding.weight, std=0.02)

    def forward(self, ids):
        """[B, N] token ids -> [B, N, hidden_size]; causal, last layer after final_layer_norm."""
        m, n = self.text_model, ids.shape[1]
        x = m.embeddings.token_embedding(ids) + m.embeddings.position_embedding.weight[:n]
        mask = torch.full((n, n), float("-inf"), device=ids.device).triu(1).to(x.dtype)
        for layer in m.encoder.layers:
            x = layer(x, mask)
        return m.final_layer_norm(x)
