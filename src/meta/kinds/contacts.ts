// Contact cards, 257 at the most. Only the formatted name is required of each.
import { Type } from 'typebox';
import { characters, defineKind, exactly } from './kind.ts';

const part = (description: string) => Type.Optional(characters(0, Infinity, description));
const sort = part('HOME, WORK, CELL, …');

const contact = exactly({
  name: exactly({
    formatted_name: characters(1, 200, 'The whole name, as it is shown.'),
    first_name: part('First name.'),
    middle_name: part('Middle name.'),
    last_name: part('Last name.'),
    prefix: part('Such as Dr.'),
    suffix: part('Such as Jr.'),
  }),
  phones: Type.Optional(
    Type.Array(
      exactly({
        phone: part('The number as it is shown.'),
        type: sort,
        wa_id: part('Digits: adds a button to write to it.'),
      }),
    ),
  ),
  emails: Type.Optional(Type.Array(exactly({ email: part('The address.'), type: sort }))),
  addresses: Type.Optional(
    Type.Array(
      exactly({
        street: part('Street and number.'),
        city: part('City.'),
        state: part('State.'),
        zip: part('Postal code.'),
        country: part('Country.'),
        country_code: part('ISO 3166, two letters.'),
        type: sort,
      }),
    ),
  ),
  urls: Type.Optional(Type.Array(exactly({ url: part('The address.'), type: sort }))),
  org: Type.Optional(
    exactly({ company: part('Company.'), department: part('Department.'), title: part('Position.') }),
  ),
  birthday: Type.Optional(
    Type.String({
      pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
      'x-expected': 'a date such as "1999-01-23"',
      description: 'YYYY-MM-DD.',
    }),
  ),
});

export const contacts = defineKind({
  type: 'contacts',
  schema: Type.Array(contact, { minItems: 1, maxItems: 257 }),
  preview: (content) => content.map((one) => one.name.formatted_name).join(', '),
  example: [
    {
      name: { formatted_name: 'Siti Rahma', first_name: 'Siti', last_name: 'Rahma' },
      phones: [{ phone: '+62 812-2222-2222', type: 'WORK', wa_id: '6281222222222' }],
      emails: [{ email: 'siti@shop.example.com', type: 'WORK' }],
      addresses: [
        {
          street: 'Jalan Contoh 1',
          city: 'Jakarta',
          country: 'Indonesia',
          country_code: 'id',
          type: 'WORK',
        },
      ],
      urls: [{ url: 'https://shop.example.com', type: 'WORK' }],
      org: { company: 'Contoh', title: 'Support' },
      birthday: '1990-05-17',
    },
  ],
});
