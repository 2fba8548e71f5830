/** Things of COCO's classes for scenes that Stable Diffusion can draw: what they are called, how they are shaped and where they belong. */

/** COCO's 80 classes in the order of every export. */
export const COCO_LABELS: readonly string[] = (
  "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,horse," +
  "sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat," +
  "baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli," +
  "carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone," +
  "microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
).split(",");

export interface ThingKind {
  label: string;
  /** Usual width to height. */
  aspect: number;
}

/** Things that are seen together, and where. */
export interface Setting {
  places: readonly string[];
  kinds: readonly ThingKind[];
}

const kinds = (list: Record<string, number>): ThingKind[] =>
  Object.entries(list).map(([label, aspect]) => ({ label, aspect }));

export const SETTINGS: readonly Setting[] = [
  {
    places: ["in a green meadow", "on a farm", "under a blue sky"],
    kinds: kinds({ horse: 1.1, cow: 1.2, sheep: 1.1, dog: 0.95, bird: 1.1, person: 0.5 }),
  },
  {
    places: ["in the savanna", "by a river", "in dry grass"],
    kinds: kinds({ elephant: 1.15, zebra: 1.1, giraffe: 0.55, bear: 1.1, bird: 1.1 }),
  },
  {
    places: ["on a city street", "in front of an old house", "in a parking lot"],
    kinds: kinds({ car: 1.7, bus: 1.5, truck: 1.5, motorcycle: 1.3, bicycle: 1.35, person: 0.5, dog: 0.95 }),
  },
  {
    places: ["in a living room", "in front of a white wall", "beside a window"],
    kinds: kinds({ couch: 1.8, chair: 0.8, "potted plant": 0.75, tv: 1.5, clock: 1, vase: 0.6, cat: 0.95, dog: 0.95 }),
  },
  {
    places: ["on a wooden table", "on a kitchen counter", "on a white tablecloth"],
    kinds: kinds({ pizza: 1.3, cake: 1.1, sandwich: 1.3, donut: 1.1, banana: 1.3, apple: 1, orange: 1, bowl: 1.3, cup: 0.9, bottle: 0.4, "wine glass": 0.45 }), // prettier-ignore
  },
  {
    places: ["on a desk", "on a grey carpet", "in a child's room"],
    kinds: kinds({ laptop: 1.25, book: 1.1, "cell phone": 0.6, "teddy bear": 0.8, backpack: 0.8, suitcase: 0.8, clock: 1, cup: 0.9 }), // prettier-ignore
  },
  {
    places: ["at the sea", "on a calm lake", "in a harbour"],
    kinds: kinds({ boat: 1.5, surfboard: 1.4, bird: 1.1, umbrella: 1.2, bench: 1.5, person: 0.5, kite: 1.1 }),
  },
];
