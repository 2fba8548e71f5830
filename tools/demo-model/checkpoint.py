"""Reading and writing: a working file for training, a Stable Diffusion 1.x folder for use."""
import json
import os
import struct

import numpy as np
import torch
from torch import nn

import schedule
from autoencoder import AutoencoderKL
from text_encoder import CLIPTextModel
from unet import UNet2DConditionModel

DTYPES = {"F16": np.float16, "F32": np.float32}
MODEL_INDEX = dict(
    _class_name="StableDiffusionPipeline", unet=["diffusers", "UNet2DConditionModel"],
    vae=["diffusers", "AutoencoderKL"], text_encoder=["transformers", "CLIPTextModel"],
    tokenizer=["transformers", "CLIPTokenizer"], scheduler=["diffusers", "LMSDiscreteScheduler"])
UNET_FILE = ("unet", "diffusion_pytorch_model.safetensors")
SHIPPED_VAES = os.path.join(os.path.dirname(__file__), "autoencoders")   # those whose latents a larger one has taken over
VAE_FILE = ("vae", "diffusion_pytorch_model.safetensors")
TEXT_FILE = ("text_encoder", "model.safetensors")


def save_work(path, content):
    """Replace `path` at once, so that a kill in the middle of a save loses nothing."""
    torch.save(content, path + ".tmp")
    os.replace(path + ".tmp", path)


def denoiser(preset):
    """Denoiser and text encoder, which are trained together."""
    return nn.ModuleDict({"unet": UNet2DConditionModel(preset.unet), "text": CLIPTextModel(preset.text)})


def work_file(work, preset):
    """Where the autoencoder of a preset is kept: presets that share latents are trained in one folder."""
    return os.path.join(work, f"vae-{preset.size}.pt")


def load_vae(work, preset, device):
    saved = torch.load(work_file(work, preset), map_location=device)
    vae = AutoencoderKL(preset.vae).to(device).eval().requires_grad_(False)
    vae.load_state_dict(saved["model"])
    return vae, saved["scale"]


def load_denoiser(work, preset, device):
    """The averaged weights, for sampling and export."""
    net = denoiser(preset).to(device).eval().requires_grad_(False)
    net.load_state_dict(torch.load(os.path.join(work, "unet.pt"), map_location=device)["ema"])
    return net


def write_safetensors(state, path, half):
    header, blobs, at = {}, [], 0
    kind = "F16" if half else "F32"
    for name, tensor in state.items():
        array = tensor.detach().cpu().contiguous().numpy().astype(DTYPES[kind])
        raw = array.tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        blobs.append(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    header.pop("__metadata__", None)
    state = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        state[name] = torch.from_numpy(array.astype(np.float32))
    return state


def export_folder(work, out, preset, tokenizer, half):
    vae, scale = load_vae(work, preset, "cpu")
    net = load_denoiser(work, preset, "cpu")
    put = lambda *parts: os.path.join(out, *parts)

    def dump(content, *parts):
        os.makedirs(os.path.dirname(put(*parts)), exist_ok=True)
        with open(put(*parts), "w") as f:
            json.dump(content, f, indent=2)
            f.write("\n")

    tokenizer.save(put("tokenizer"))
    special = {"bos_token_id": tokenizer.bos, "eos_token_id": tokenizer.eos, "pad_token_id": tokenizer.eos}
    dump(MODEL_INDEX, "model_index.json")
    dump(preset.unet, "unet", "config.json")
    dump({**preset.vae, "scaling_factor": scale}, "vae", "config.json")
    dump({**preset.text, **special}, "text_encoder", "config.json")
    dump(schedule.CONFIG, "scheduler", "scheduler_config.json")
    write_safetensors(net["unet"].state_dict(), put(*UNET_FILE), half)
    write_safetensors(net["text"].state_dict(), put(*TEXT_FILE), half)
    write_safetensors(vae.state_dict(), put(*VAE_FILE), half)


def import_folder(source, work, preset, tokenizer):
    """Make the working files that training resumes from out of an exported folder."""
    with open(os.path.join(source, "tokenizer", "vocab.json")) as f:
        if json.load(f) != tokenizer.vocab:
            raise SystemExit("the folder's tokenizer is not the one that scenes.py's words give")
    with open(os.path.join(source, "vae", "config.json")) as f:
        scale = json.load(f)["scaling_factor"]
    os.makedirs(work, exist_ok=True)
    if preset.latents_of:
        small = read_safetensors(os.path.join(SHIPPED_VAES, preset.latents_of + ".safetensors"))
        save_work(os.path.join(work, f"vae-{preset.latents_size}.pt"), {"model": small, "scale": scale})
    net = denoiser(preset)
    net["unet"].load_state_dict(read_safetensors(os.path.join(source, *UNET_FILE)))
    net["text"].load_state_dict(read_safetensors(os.path.join(source, *TEXT_FILE)))
    state = net.state_dict()
    save_work(work_file(work, preset), {"model": read_safetensors(os.path.join(source, *VAE_FILE)), "scale": scale})
    save_work(os.path.join(work, "unet.pt"), {"net": state, "ema": state, "pictures": 0})
