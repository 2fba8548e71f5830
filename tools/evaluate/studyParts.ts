/** The runs that docs/evaluation.md is made of, each a call of the evaluation with a folder of its own. */

/** Plain sampling, those without a gradient, those that move the picture, and the paper's. */
export const EVERY_METHOD = [
  ...["none", "multidiffusion", "densediffusion", "forward", "injection"],
  ...["chen", "boxdiff", "rnb", "csg", "loss", "ilgd"],
] as const;
const FEW = ["none", "forward", "boxdiff", "ilgd"];
/** What keeps inside a shape, and what fills it. */
const FOR_SHAPES = ["none", "forward", "boxdiff", "ilgd", "ilgd:area", "ilgd:entropy"];
const LOSSES = ["authors", "area", "boxes", "log", "entropy", "refined"];

export interface StudyPart {
  /** Of its folder, and of its file in docs/evaluation. */
  name: string;
  argv: readonly string[];
}

const methods = (names: readonly string[]) => ["--methods", names.join(","), "--best"];

export const STUDY: readonly StudyPart[] = [
  { name: "main", argv: methods(EVERY_METHOD) },
  // At the program's own settings, and at other strengths of iLGD.
  { name: "paper", argv: ["--nu", "0.25,0.5,2", "--eta", "1,2,3,6,8", "--sweep-scenes", "40"] },
  {
    name: "losses",
    argv: methods(["none", ...LOSSES.map((loss) => (loss === "authors" ? "ilgd" : `ilgd:${loss}`))]),
  },
  { name: "shapes", argv: ["--set", "shapes", ...methods(FOR_SHAPES)] },
  { name: "things", argv: ["--set", "things", ...methods(FEW)] },
  { name: "overlap", argv: ["--set", "overlap", ...methods(FEW)] },
  { name: "sizes", argv: ["--set", "sizes", ...methods(FEW)] },
  ...["10", "20", "30", "50"].map((steps) => ({
    name: `steps-${steps}`,
    argv: ["--scenes", "100", "--steps", steps, ...methods(FEW)],
  })),
];

export const TIMING: StudyPart = { name: "timing", argv: ["--timing", "--scenes", "3", ...methods(EVERY_METHOD)] };
