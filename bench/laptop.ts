import { createCloud } from '../packages/laptop/create-cloud.ts';
import { median } from './statistics.ts';

export interface LaptopFigures {
  readonly startMilliseconds: number;
  readonly residentMegabytes: number;
}

/** Start of the laptop's cloud, every service in it, until its endpoint answers; and the memory of the process then. */
export async function measureLaptop(rounds = 5): Promise<LaptopFigures> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    const cloud = await createCloud({ log: () => undefined });
    await fetch(cloud.endpointUrl);
    times.push(performance.now() - startedAt);
    await cloud.close();
  }
  return { startMilliseconds: median(times), residentMegabytes: process.memoryUsage().rss / 2 ** 20 };
}
