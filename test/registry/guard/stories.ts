// What happens to fleets: each story sets one up, lets it settle for five minutes, and plays what goes wrong then.

import type { Fleet } from './fleet.ts';

export interface Story {
  readonly name: string;
  play(fleet: Fleet): void;
}

const settleSeconds = 300;
const hour = 3600;

function settled(fleet: Fleet): void {
  fleet.run(settleSeconds);
}

/** The control plane is cut off from some, and comes back. */
function cutFor(fleet: Fleet, seconds: number, share = 1): void {
  settled(fleet);
  const some = fleet.members.slice(0, Math.round(share * fleet.members.length));
  fleet.cut(some, true);
  fleet.run(seconds);
  fleet.cut(some, false);
  fleet.run(600);
}

function singleCrash(size: number): Story {
  return {
    name: `one crash in a registry of ${size}`,
    play(fleet) {
      fleet.add('small', size);
      settled(fleet);
      fleet.crash(fleet.members.slice(0, 1));
      fleet.run(hour);
    },
  };
}

export const stories: readonly Story[] = [
  singleCrash(1),
  singleCrash(3),
  singleCrash(6),
  {
    name: 'an app of 6 loses one every 2 min, four times',
    play(fleet) {
      fleet.add('bleeding', 6);
      settled(fleet);
      fleet.run(hour, (second) => {
        if (second % 120 === 0 && second < 480) fleet.crash([fleet.members[second / 120] as Fleet['members'][number]]);
      });
    },
  },
  {
    name: '1000 in 50 apps, one crash a minute for 20 min',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      fleet.run(hour, (second) => {
        const index = (second / 60) * 20;
        if (second % 60 === 0 && second < 1200) fleet.crash([fleet.members[index] as Fleet['members'][number]]);
      });
    },
  },
  {
    name: '1000 in 50 apps, 1 % crash at once',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      fleet.crash(fleet.members.filter((_, index) => index % 100 === 0));
      fleet.run(hour);
    },
  },
  {
    name: '1000 cut off for 10 min',
    play(fleet) {
      fleet.addApps(50, 20);
      cutFor(fleet, 600);
    },
  },
  {
    name: '1000 cut off for 2 h',
    play(fleet) {
      fleet.addApps(50, 20);
      cutFor(fleet, 2 * hour);
    },
  },
  {
    name: 'a third of 1000 cut off for 10 min',
    play(fleet) {
      fleet.addApps(50, 20);
      cutFor(fleet, 600, 1 / 3);
    },
  },
  {
    name: 'one app of 20 in 1000 cut off for 10 min',
    play(fleet) {
      fleet.addApps(50, 20);
      cutFor(fleet, 600, 20 / 1000);
    },
  },
  {
    name: '1000 with slow heartbeats (80 s of 90 s), nothing happens for 1 h',
    play(fleet) {
      fleet.addApps(50, 20, { intervalSeconds: 80 });
      fleet.run(hour);
    },
  },
  {
    name: '1000 with slow heartbeats (80 s of 90 s) cut off for 10 min',
    play(fleet) {
      fleet.addApps(50, 20, { intervalSeconds: 80 });
      cutFor(fleet, 600);
    },
  },
  {
    name: 'rolling restart of 100 in 1000, one in 10 s, each cancels',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      rollingRestart(fleet, 10, true);
    },
  },
  {
    name: 'rolling restart of 100 in 1000, one in 10 s, killed, under new names',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      rollingRestart(fleet, 10, false);
    },
  },
  {
    name: 'an app of 10 is replaced within 50 s, each killed, under new names',
    play(fleet) {
      fleet.addApps(50, 20);
      replacedApp(fleet, (one) => fleet.crash([one]));
    },
  },
  {
    name: 'an app of 10 shrinks to 5: drained, killed, not cancelled',
    play(fleet) {
      fleet.addApps(50, 20);
      const five = fleet.add('shrinking', 10).slice(5);
      settled(fleet);
      for (const one of five) fleet.rule.drain(one.key);
      fleet.crash(five);
      fleet.run(2 * hour);
    },
  },
  {
    name: '1000 with a lease of 5 s, cut off for 10 min when they have been there for 10 s',
    play(fleet) {
      fleet.addApps(50, 20, { leaseSeconds: 5, intervalSeconds: 2 });
      fleet.run(10);
      fleet.cut(fleet.members, true);
      fleet.run(600);
      fleet.cut(fleet.members, false);
      fleet.run(600);
    },
  },
  {
    name: 'flapping: 50 of 1000 fall silent for 2 min of every 5, for 1 h',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      const some = fleet.members.filter((_, index) => index % 20 === 0);
      fleet.run(hour, (second) => {
        if (second % 300 === 0) fleet.cut(some, true);
        if (second % 300 === 120) fleet.cut(some, false);
      });
    },
  },
  {
    name: '400 of 1000 die at once for good',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      fleet.crash(fleet.members.slice(0, 400));
      fleet.run(2 * hour);
    },
  },
  {
    name: '100 of 1000 die while all are cut off for 10 min',
    play(fleet) {
      fleet.addApps(50, 20);
      settled(fleet);
      fleet.cut(fleet.members, true);
      fleet.run(300);
      fleet.crash(fleet.members.filter((_, index) => index % 10 === 0));
      fleet.run(300);
      fleet.cut(fleet.members, false);
      fleet.run(hour);
    },
  },
];

/** One that is new every 5 s, and one that ends. */
function replacedApp(fleet: Fleet, end: (one: Fleet['members'][number]) => void): void {
  const old = fleet.add('replaced', 10);
  settled(fleet);
  fleet.run(2 * hour, (second) => {
    const one = old[second / 5];
    if (one === undefined) return;
    fleet.add('replaced', 1);
    end(one);
  });
}

/** The first five apps, each instance replaced by a new one. */
function rollingRestart(fleet: Fleet, everySeconds: number, cancels: boolean): void {
  const old = fleet.members.slice(0, 100);
  fleet.run(old.length * everySeconds + 600, (second) => {
    const one = old[second / everySeconds];
    if (one === undefined) return;
    fleet.add(one.key.appid, 1);
    if (cancels) fleet.leave(one);
    else fleet.crash([one]);
  });
}
