import { Vendor } from '../../pipeline/rotators/api-key/vendor.ts';
import { FIRST_KEY } from './outages-stack.ts';

/** The vendor of one secret's keys. */
export class TriedVendor extends Vendor {
  /** While a stack is deployed Secrets Manager tries the rotation function with a key that nobody has yet. */
  acceptsAnything = true;
  /** Keys that are made from now on do not work. */
  refusesNewKeys = false;

  /** Called with a key right before it is gone. */
  onRevocation: (key: string) => void = () => undefined;

  constructor() {
    super({ now: () => new Date() });
    const { keys } = this;
    keys.delete = (id) => {
      const key = keys.get(id)?.key;
      if (key !== undefined) this.onRevocation(key);
      return Map.prototype.delete.call(keys, id);
    };
  }

  override accepts(key: string, node?: number): boolean {
    if (this.acceptsAnything) return true;
    const isNew = ![...this.keys.values()].some((one) => one.key === key && one.id === FIRST_KEY);
    return !(this.refusesNewKeys && isNew) && super.accepts(key, node);
  }

  /** The key that the secret begins with. */
  adopt(key: string): void {
    this.keys.set(FIRST_KEY, { id: FIRST_KEY, key, name: undefined, createdAt: new Date() });
    this.acceptsAnything = false;
  }

  /** So long no request that proves a key is answered. */
  goAway(): void {
    this.fail('verify', ...Array.from({ length: 1_000 }, () => 'failed' as const));
  }

  comeBack(): void {
    this.clearFaults();
  }

  /** Somebody uses every key that there is, or has stopped to. */
  use(isUsed: boolean): void {
    for (const key of this.keys.values()) {
      if (isUsed) key.lastUsedAt = new Date(Date.now() + 3_600_000);
      else delete key.lastUsedAt;
    }
  }
}
