"""Train, look at, judge and export the demo model. See README.md.

    python train.py vae    --work DIR --pictures 60000      autoencoder
    python train.py unet   --work DIR --pictures 1000000    denoiser and text encoder
    python train.py decoder, encoder --preset sharp ...     an autoencoder for larger pictures on the same latents
    python train.py sample --work DIR                       DIR/samples.png
    python train.py judge  --work DIR                       things found by colour
    python train.py export --work DIR --out FOLDER          a Stable Diffusion 1.x checkpoint folder
    python train.py import --work DIR --from FOLDER         go on from such a folder
"""
import argparse
import os
import random
import time

import torch

import checkpoint
import data
import judge
import presets
import sampling
import scenes
import team
import train_decoder
import train_encoder
import train_joint
import train_unet
import train_vae
from tokenizer import ClipTokenizer


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("stage", choices=["vae", "unet", "joint", "decoder", "encoder", "sample", "judge", "export", "import"])
    p.add_argument("--preset", choices=presets.NAMES, default="tiny")
    p.add_argument("--work", required=True, help="folder of the working files")
    p.add_argument("--out", help="export: the folder to write")
    p.add_argument("--from", dest="source", help="import: the folder to read")
    p.add_argument("--pictures", type=int, default=100_000, help="to train on in this run, or to sample and judge")
    p.add_argument("--cooldown", type=int, default=0, help="pictures over which the learning rate falls to 0 at the end")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float)
    p.add_argument("--workers", type=int, default=0, help="processes that draw scenes (0: draw between the steps)")
    p.add_argument("--threads", type=int, help="processor threads of each process")
    p.add_argument("--processes", type=int, default=1, help="unet, joint, decoder: processes that share a batch, on a processor")
    p.add_argument("--attention", type=float, default=0.06, help="unet: weight of the attention loss (0: none)")
    p.add_argument("--save-seconds", type=int, default=300, help="processor time between saves")
    p.add_argument("--seed", type=int, help="of the scenes: the time of day in training, 1 in sampling")
    p.add_argument("--phase", choices=train_decoder.PHASES, default="full", help="decoder: which of its phases")
    p.add_argument("--redrawn", type=float, default=0.5, help="decoder: share of the latents that the denoiser draws")
    p.add_argument("--decoder-only", action="store_true", help="vae: leave the latents as they are")
    p.add_argument("--guidance", type=float, default=5.0)
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--full", action="store_true", help="export 32-bit numbers instead of 16-bit ones")
    return p.parse_args()


def scenes_to_ask_for(args, preset, count):
    rng = random.Random(args.seed or 1)
    return [scenes.sample_scene(rng, preset.size) for _ in range(count)]


def draw(args, preset, tokenizer, device, wanted):
    vae, scale = checkpoint.load_vae(args.work, preset, device)
    net = checkpoint.load_denoiser(args.work, preset, device)
    x = sampling.sample(net, vae, scale, tokenizer, [s.caption for s in wanted], preset.unet["sample_size"],
                        steps=args.steps, guidance=args.guidance, seed=args.seed or 1)
    return sampling.to_uint8(x)


def sample_sheet(args, preset, tokenizer, device):
    wanted = scenes_to_ask_for(args, preset, min(args.pictures, 40))
    pictures = draw(args, preset, tokenizer, device, wanted)
    sampling.save_sheet(pictures, os.path.join(args.work, "samples.png"), 8, zoom=max(1, 128 // preset.size))
    print("\n".join(s.caption for s in wanted))


def judge_samples(args, preset, tokenizer, device):
    import numpy as np
    wanted = scenes_to_ask_for(args, preset, min(args.pictures, 200))
    vae, _ = checkpoint.load_vae(args.work, preset, device)
    with torch.no_grad():
        x = data.to_tensor(np.stack([s.image for s in wanted]), device)
        ceiling = judge.judge(sampling.to_uint8(vae.decode(vae.encode(x)[0])), wanted)
    print("ceiling:", judge.describe(ceiling))
    print("samples:", judge.describe(judge.judge(draw(args, preset, tokenizer, device, wanted), wanted)))


def main():
    args = arguments()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.threads:
        torch.set_num_threads(args.threads)
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    os.makedirs(args.work, exist_ok=True)
    tokenizer = ClipTokenizer.train(scenes.vocabulary_words(), presets.MAX_TOKENS)
    preset = presets.preset(args.preset, len(tokenizer.vocab))
    if args.stage in ("vae", "unet", "joint", "decoder", "encoder"):
        args.seed = args.seed or int(time.time())
        torch.manual_seed(args.seed)
    if args.stage == "vae":
        train_vae.train(args, preset, device)
    elif args.stage == "unet":
        team.run(args.processes, train_unet.train, args, preset, tokenizer, device)
    elif args.stage == "joint":
        team.run(args.processes, train_joint.train, args, preset, tokenizer, device)
    elif args.stage == "decoder":
        team.run(args.processes, train_decoder.train, args, preset, tokenizer, device)
    elif args.stage == "encoder":
        train_encoder.train(args, preset, tokenizer, device)
    elif args.stage == "sample":
        sample_sheet(args, preset, tokenizer, device)
    elif args.stage == "judge":
        judge_samples(args, preset, tokenizer, device)
    elif args.stage == "export":
        checkpoint.export_folder(args.work, args.out, preset, tokenizer, half=not args.full)
    else:
        checkpoint.import_folder(args.source, args.work, preset, tokenizer)


if __name__ == "__main__":
    main()
