import { expect, it } from '@jest/globals';
import mongoose from 'mongoose';
import { againOnConflict } from './again-on-conflict.js';

const conflict = () =>
  new mongoose.mongo.MongoServerError({ code: 112, message: 'WriteConflict', errmsg: 'WriteConflict' });
/** Draws the shortest pause there is. */
const shortest = { random: { bytes: (length: number) => Buffer.alloc(length) }, isOver: () => false };

it('makes a write again that met another, until it is through', async () => {
  let tries = 0;
  const work = () => {
    tries += 1;
    return tries < 15 ? Promise.reject(conflict()) : Promise.resolve('written');
  };
  expect(await againOnConflict(work, shortest)).toBe('written');
  expect(tries).toBe(15);
});

it('gives up after twenty tries, with the error of the last; another error ends it at once', async () => {
  let tries = 0;
  const failing = (error: Error) => () => {
    tries += 1;
    return Promise.reject(error);
  };
  await expect(againOnConflict(failing(conflict()), shortest)).rejects.toThrow('WriteConflict');
  expect(tries).toBe(20);
  tries = 0;
  await expect(againOnConflict(failing(new Error('down')), shortest)).rejects.toThrow('down');
  expect(tries).toBe(1);
});

it('draws each pause but the first by lot', async () => {
  const drawn: number[] = [];
  const random = {
    bytes: (length: number) => {
      drawn.push(length);
      return Buffer.alloc(length);
    },
  };
  let tries = 0;
  await againOnConflict(
    () => {
      tries += 1;
      return tries < 4 ? Promise.reject(conflict()) : Promise.resolve();
    },
    { random, isOver: () => false },
  );
  expect(drawn).toHaveLength(2);
});

it('tries nothing again after the time is over', async () => {
  let tries = 0;
  const work = () => {
    tries += 1;
    return Promise.reject(conflict());
  };
  await expect(againOnConflict(work, { ...shortest, isOver: () => tries > 2 })).rejects.toThrow('WriteConflict');
  expect(tries).toBe(3);
});
