import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../packages/laptop/clock.ts';
import { searchLeaks } from '../../../packages/laptop/leaks/find-leaks.ts';
import { whatLeft } from '../../../packages/laptop/leaks/what-left.ts';
import { eventually } from '../../eventually.ts';
import { ADMIN_SECRET, synthesize, type TriedSecret } from './outages-stack.ts';
import { Stage } from './stage.ts';
import { TriedVendor } from './tried-vendor.ts';

export interface Point {
  readonly name: string;
  readonly consumers: TriedSecret['consumers'];
}

/** The stack of keys on a laptop, and a vendor for each secret. */
export class World {
  readonly stage: Stage;
  readonly vendors: ReadonlyMap<string, TriedVendor>;
  readonly #folder: string;

  private constructor(stage: Stage, vendors: ReadonlyMap<string, TriedVendor>, folder: string) {
    this.stage = stage;
    this.vendors = vendors;
    this.#folder = folder;
  }

  static async open(points: readonly Point[], clock: Clock, props: { forwardStory?: boolean } = {}): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-outages-'));
    const vendors = new Map(points.map(({ name }) => [name, new TriedVendor()]));
    for (const vendor of vendors.values()) await vendor.open();
    synthesize(
      folder,
      points.map((point) => ({ ...point, vendorOrigin: vendors.get(point.name)?.origin ?? '' })),
      props,
    );
    const stage = await Stage.open(folder, [...vendors.keys()], clock);
    const world = new World(stage, vendors, folder);
    try {
      await world.#settle();
      stage.go();
      return world;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The vendors learn the keys that the deployment made; Secrets Manager's trial of the rotation function is over. */
  async #settle(): Promise<void> {
    const adminKey = this.stage.secretsManager.read(this.stage.cloud.region, ADMIN_SECRET) ?? '';
    for (const [name, vendor] of this.vendors) {
      vendor.adminKeys.add(adminKey);
      await eventually(
        `the end of the trial of ${name}`,
        () => this.stage.label(name, 'AWSPENDING') === undefined || undefined,
      );
      await this.stage.atRest(name);
      vendor.adopt(this.key(name));
    }
  }

  /** Of AWSCURRENT: read past every outage. */
  key(name: string): string {
    return JSON.parse(this.stage.secretsManager.read(this.stage.cloud.region, name) ?? '{}').api_key;
  }

  /** Every key that ever was; the vendor's id of a key is its name. */
  #keys(): string[] {
    return this.stage.secretsManager
      .values()
      .map((value) => (value.startsWith('{') ? JSON.parse(value).api_key : value));
  }

  async close(): Promise<void> {
    try {
      expect(searchLeaks(this.#keys(), await whatLeft(this.stage.cloud))).toEqual([]);
    } finally {
      await this.stage.close();
      for (const vendor of this.vendors.values()) await vendor.close();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
