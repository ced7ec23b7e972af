package eval_test

import (
	"context"
	"fmt"

	"github.com/goclip/goclip/eval"
)

// Two classes with two prompts each, and three images, all embedded in a plane
// by hand. A model gives rows of some hundred numbers instead.
var (
	classes   = []string{"cat", "dog"}
	templates = []string{"a photo of a {}", "a drawing of a {}"}

	// The prompts of a class follow each other, as eval.Prompts makes them.
	prompts = []float32{
		1, 0, 0.8, 0.6, // a photo of a cat, a drawing of a cat
		0, 1, 0.6, 0.8,
	}
	images = []float32{
		0.96, 0.28,
		0.28, 0.96,
		0.8, 0.6, // a dog that looks like a cat
	}
)

// A class is the mean of its prompts; an image gets the class with the largest
// cosine.
func ExampleClassifier() {
	fmt.Printf("%q\n", eval.Prompts(classes, templates))
	classifier, err := eval.NewClassifier(classes, prompts, len(templates))
	if err != nil {
		fmt.Println(err)
		return
	}
	z, err := classifier.Score(images, []int{0, 1, 1}) // the classes of the images
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("top-1 %.2f, 95 %% between %.2f and %.2f, chance %.2f\n", z.Top1, z.Low, z.High, z.Chance())
	for _, c := range z.PerClass {
		fmt.Printf("%s: %.2f of %d\n", c.Class, c.Top1, c.N)
	}

	const scale = 5 // the model's factor on cosines
	for _, l := range classifier.Predict(images[:2], scale) {
		fmt.Printf("%s %.2f\n", l.Class, l.Probability)
	}
	// Output:
	// ["a photo of a cat" "a drawing of a cat" "a photo of a dog" "a drawing of a dog"]
	// top-1 0.67, 95 % between 0.21 and 0.94, chance 0.50
	// cat: 1.00 of 1
	// dog: 0.50 of 2
	// cat 0.90
	// dog 0.10
}

// Each image looks for its caption among all, and each caption for its image.
func ExampleRetrieve() {
	captions := []float32{
		1, 0, // of image 0
		0, 1, // of image 1
		0.6, 0.8, // of image 2
		0.28, 0.96, // another of image 2, which is as near to image 1 as can be
	}
	imageOf := []int{0, 1, 2, 2}
	r, err := eval.Retrieve(context.Background(), nil, images, captions, imageOf)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("image to text: R@1 %.2f, median rank %g\n", r.ImageToText.R1, r.ImageToText.MedianRank)
	fmt.Printf("text to image: R@1 %.2f, R@5 %.2f, median rank %g\n", r.TextToImage.R1, r.TextToImage.R5,
		r.TextToImage.MedianRank)
	// Output:
	// image to text: R@1 0.67, median rank 1
	// text to image: R@1 0.75, R@5 1.00, median rank 1
}

// Two models are compared image by image: 1 is right, 0 is wrong.
func ExampleCompare() {
	a, b := make([]float64, 200), make([]float64, 200)
	for i := range a {
		if i%2 == 0 { // both are right about 100 images
			a[i], b[i] = 1, 1
		}
		if i%10 == 1 { // and only B about another 20
			b[i] = 1
		}
	}
	c, err := eval.Compare(a, b, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("A %.2f, B %.2f, 95 %% of B - A between %.2f and %.2f, real: %v\n", c.A, c.B, c.Low, c.High, c.Real)
	// Output:
	// A 0.50, B 0.60, 95 % of B - A between 0.06 and 0.14, real: true
}
