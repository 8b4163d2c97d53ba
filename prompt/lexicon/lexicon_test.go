package lexicon_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/prompt/lexicon"
)

func bundled(t testing.TB) *lexicon.Lexicon {
	t.Helper()
	file, err := os.ReadFile("../../assets/lexicon/zh-en.tsv.gz")
	if err != nil {
		t.Fatal(err)
	}
	l := lexicon.New(file)
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRead(t *testing.T) {
	l := bundled(t)
	for name, c := range map[string]struct {
		phrase, english, unknown string
	}{
		"should read a thing":                             {"猫", "cat", ""},
		"should read traditional characters":              {"貓", "cat", ""},
		"should read a word that is one in several parts": {"泰迪熊", "teddy bear", ""},
		"should drop the particle":                        {"红色的杯子", "red cup", ""},
		"should read a colour without a particle":         {"红杯子", "red cup", ""},
		"should drop numbers and measure words":           {"两只白色的狗", "white dog", ""},
		"should drop a measure word with its number":      {"一辆蓝色卡车", "blue truck", ""},
		"should give all words of the head":               {"黑色的沙发", "black couch | black sofa", ""},
		"should move what is worn behind the head":        {"戴帽子的男人", "man wearing hat", ""},
		"should keep what stands before it":               {"一个戴红色头盔的工人", "worker wearing red helmet", ""},
		"should keep what is carried at the end in place": {"男人骑着马", "man riding horse", ""},
		"should know a word with a letter in it":          {"白色T恤", "white t-shirt", ""},
		"should pass on letters":                          {"LED路灯", "led street light", ""},
		"should read words apart":                         {"红色 杯子", "red cup", ""},
		"should say what it does not know":                {"猫鑫鑫", "cat", "鑫鑫"},
		"should say that it knows nothing":                {"鑫鑫", "", "鑫鑫"},
		"should take full-width marks for spaces":         {"红色，杯子", "red cup", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, ok := l.Read(c.phrase)
			if !ok {
				t.Fatal("not taken for Chinese")
			}
			if got := strings.Join(r.English, " | "); got != c.english {
				t.Errorf("English %q, want %q", got, c.english)
			}
			if got := strings.Join(r.Unknown, " | "); got != c.unknown {
				t.Errorf("unknown %q, want %q", got, c.unknown)
			}
			if r.Phrase != c.phrase {
				t.Errorf("phrase %q", r.Phrase)
			}
		})
	}
	t.Run("should leave other languages alone", func(t *testing.T) {
		for _, phrase := range []string{"", "cat", "red cup", "кошка", "ねこ"} {
			if r, ok := l.Read(phrase); ok {
				t.Errorf("%q read as %v", phrase, r)
			}
		}
	})
	t.Run("should show how it reads", func(t *testing.T) {
		r, _ := l.Read("沙发")
		if got := r.String(); got != "沙发 → couch | sofa" {
			t.Error(got)
		}
	})
}

// COCO's names as they are called in Chinese.
var coco = map[string]string{
	"人": "person", "自行车": "bicycle", "汽车": "car", "摩托车": "motorcycle", "飞机": "airplane", "公共汽车": "bus", "火车": "train", "卡车": "truck",
	"船": "boat", "红绿灯": "traffic light", "消防栓": "fire hydrant", "停车标志": "stop sign", "停车计时器": "parking meter", "长椅": "bench",
	"鸟": "bird", "猫": "cat", "狗": "dog", "马": "horse", "绵羊": "sheep", "牛": "cow", "大象": "elephant", "熊": "bear", "斑马": "zebra",
	"长颈鹿": "giraffe", "背包": "backpack", "雨伞": "umbrella", "手提包": "handbag", "领带": "tie", "手提箱": "suitcase", "飞盘": "frisbee",
	"滑雪板": "skis", "单板滑雪板": "snowboard", "运动球": "sports ball", "风筝": "kite", "棒球棒": "baseball bat", "棒球手套": "baseball glove",
	"滑板": "skateboard", "冲浪板": "surfboard", "网球拍": "tennis racket", "瓶子": "bottle", "酒杯": "wine glass", "杯子": "cup", "叉子": "fork",
	"刀": "knife", "勺子": "spoon", "碗": "bowl", "香蕉": "banana", "苹果": "apple", "三明治": "sandwich", "橙子": "orange", "西兰花": "broccoli",
	"胡萝卜": "carrot", "热狗": "hot dog", "披萨": "pizza", "甜甜圈": "donut", "蛋糕": "cake", "椅子": "chair", "沙发": "couch", "盆栽": "potted plant",
	"床": "bed", "餐桌": "dining table", "马桶": "toilet", "电视": "tv", "笔记本电脑": "laptop", "鼠标": "mouse", "遥控器": "remote", "键盘": "keyboard",
	"手机": "cell phone", "微波炉": "microwave", "烤箱": "oven", "烤面包机": "toaster", "水槽": "sink", "冰箱": "refrigerator", "书": "book",
	"时钟": "clock", "花瓶": "vase", "剪刀": "scissors", "泰迪熊": "teddy bear", "吹风机": "hair drier", "牙刷": "toothbrush",
	// other words for them
	"公交车": "bus", "行李箱": "suitcase", "玩具熊": "teddy bear", "電視": "tv", "腳踏車": "bicycle", "飛機": "airplane", "雨傘": "umbrella", "書": "book",
}

func TestCOCO(t *testing.T) {
	l := bundled(t)
	for chinese, name := range coco {
		t.Run("should read "+chinese+" as "+name, func(t *testing.T) {
			r, _ := l.Read(chinese)
			if len(r.English) == 0 || r.English[0] != name || len(r.Unknown) > 0 {
				t.Errorf("got %v, unknown %v", r, r.Unknown)
			}
		})
	}
}

func compressed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNew(t *testing.T) {
	for name, file := range map[string][]byte{
		"should refuse what is not compressed":     []byte("貓猫\n猫\tn\tcat\n"),
		"should refuse a lone character":           compressed(t, "貓猫車\n"),
		"should refuse a word without English":     compressed(t, "貓猫\n猫\tn\t\n"),
		"should refuse an unknown kind":            compressed(t, "貓猫\n猫\tx\tcat\n"),
		"should refuse a line of another form":     compressed(t, "貓猫\n猫 cat\n"),
		"should refuse a file that ends too early": compressed(t, "貓猫\n猫\tn\tcat\n")[:20],
	} {
		t.Run(name, func(t *testing.T) {
			l := lexicon.New(file)
			if err := l.Check(); !errors.Is(err, lexicon.ErrLexicon) {
				t.Errorf("error %v", err)
			}
			want := lexicon.Reading{Phrase: "猫", Unknown: []string{"猫"}}
			if r, _ := l.Read("猫"); !cmp.Equal(r, want) {
				t.Errorf("read as %v", r)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	l := bundled(f)
	for _, s := range []string{"红色的杯子", "戴帽子的男人", "貓 cat", "的的的", "戴的", "T恤", "\xff猫", "", "骑马的戴帽子的人"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, phrase string) {
		r, ok := l.Read(phrase)
		if ok != lexicon.IsChinese(phrase) {
			t.Fatalf("taken for Chinese: %v", ok)
		}
		for _, english := range r.English {
			if english == "" || lexicon.IsChinese(english) || strings.TrimSpace(english) != english {
				t.Errorf("%q read as %q", phrase, english)
			}
		}
		for _, part := range r.Unknown {
			if part == "" {
				t.Errorf("%q has an empty part", phrase)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("貓猫\n猫\tn\tcat|kitty\n的\td\t\n红\ta\tred\n", "红貓的猫")
	f.Add("\n戴\tv\twearing\n", "戴")
	f.Fuzz(func(t *testing.T, text, phrase string) {
		l := lexicon.New(compressed(t, text))
		if err := l.Check(); err != nil && !errors.Is(err, lexicon.ErrLexicon) {
			t.Error(err)
		}
		l.Read(phrase)
	})
}

func BenchmarkRead(b *testing.B) {
	l := bundled(b)
	for b.Loop() {
		l.Read("一个戴红色头盔的工人")
	}
}
