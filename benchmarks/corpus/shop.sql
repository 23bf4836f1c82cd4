CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, city text, joined date);
CREATE TABLE address (id int PRIMARY KEY, customer_id int REFERENCES customer, street text, zip text);
CREATE TABLE category (id int PRIMARY KEY, label text, parent_id int REFERENCES category);
CREATE TABLE product (id int PRIMARY KEY, title text, price numeric(10, 2), category_id int REFERENCES category);
CREATE TABLE supplier (id int PRIMARY KEY, company text, country text);
CREATE TABLE stock (product_id int REFERENCES product, supplier_id int REFERENCES supplier, amount int,
                    PRIMARY KEY (product_id, supplier_id));
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, placed timestamp, status text);
CREATE TABLE order_item (order_id int REFERENCES orders, product_id int REFERENCES product, quantity int,
                         PRIMARY KEY (order_id, product_id));
CREATE TABLE review (id int PRIMARY KEY, product_id int REFERENCES product, stars int, body text);
